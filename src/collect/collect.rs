//! A collect ages every pool by one generation; [`age`] ages one pool.
//!
//! It takes two steps under the registry's lock, and a third after its release:
//!
//! 1. *Drain*, with nothing claimed: take what is left of every pool's victims. Only a flip adds
//!    victims, so there are none when step 2 begins.
//! 2. *Flip*, with all seats claimed: in every shard, the primary generation becomes the victims,
//!    and the drained one becomes primary. Other threads notice only this step: they find their
//!    shards closed.
//! 3. *Drop* what was drained, with nothing held. Only this step runs user code.

use super::{collectable::Collectable, pending::ErasedPending, registry::Registry};
use crate::{
    seat::{claim::Claim, seat::Seat, table::Seats},
    util::panics::FirstPanic,
};

/// Drains and flips `pools`. `all` says whether these are all pools of the process. What must be
/// dropped stays with the pools.
///
/// # Safety
///
/// The caller holds the lock of the registry that lists the pools.
pub(crate) unsafe fn age_pools<'a>(
    seats: &Seats,
    pools: impl Iterator<Item = &'a dyn Collectable> + Clone,
    all: bool,
) {
    for pool in pools.clone() {
        // SAFETY: the caller holds the lock.
        unsafe { pool.drain() };
    }
    // SAFETY: the lock makes this the only claim.
    let claim = unsafe { Claim::new(seats, all) };
    for pool in pools {
        // SAFETY: drained above, and the seats are claimed.
        // bug: heavy fence for each pool
        unsafe { pool.flip(&mut claim.reached()) };
    }
}

/// Drops what collects have taken out of pools. If destructors panic, everything is dropped first;
/// then the first panic is resumed.
pub(crate) fn drop_pending(pending: Vec<ErasedPending>) {
    let mut panics = FirstPanic::new();
    for objects in pending {
        panics.guard(|| drop(objects));
    }
    panics.resume();
}

/// Ages every pool of the process, whose seats are `seats`.
pub(crate) fn collect_from(seats: &Seats) {
    let pending = {
        // bug: collect without the registry's lock
        let registry = Registry::lock();
        // SAFETY: locked.
        unsafe {
            age_pools(seats, registry.pools(), true);
            let mut pending = Vec::new();
            // Without memory for the list, the objects stay with their pools until the next
            // collect.
            // bug: collect that must have memory
            if pending.try_reserve(registry.len()).is_ok() {
                pending.extend(registry.pools().filter_map(|pool| pool.take_pending()));
            }
            // bug: postponed objects lost; destructors under the registry's lock
            pending
        }
    };
    drop_pending(pending);
}

/// Ages one pool by one generation, and drops the objects that were victims before. If `clear`, the
/// new victims are dropped as well.
pub(crate) fn age(seats: &Seats, pool: &dyn Collectable, clear: bool) {
    let pending = {
        let _registry = Registry::lock();
        // SAFETY: locked.
        unsafe {
            age_pools(seats, std::iter::once(pool), false);
            if clear {
                pool.drain();
            }
            pool.take_pending()
        }
    };
    drop(pending);
}

/// Ages the shards of a late seat, which a collect has skipped. Does nothing while another thread
/// holds the registry's lock.
///
/// The seat is the calling thread's.
#[cold]
pub(crate) fn catch_up(seat: &Seat) {
    let Some(registry) = Registry::try_lock() else { return };
    if seat.is_late() {
        for pool in registry.pools() {
            // SAFETY: locked, and the seat is the caller's, which is not pinned.
            // bug: late work left undone
            unsafe { pool.catch_up(seat.id) };
        }
        seat.caught_up();
    }
}

/// Moves what only the holder of this seat can reach to the shelves. The seat is the calling
/// thread's.
pub(crate) fn vacate(seat: &Seat) {
    let registry = Registry::lock();
    for pool in registry.pools() {
        // SAFETY: locked, and the seat is the caller's, which is not pinned.
        unsafe {
            pool.catch_up(seat.id);
            pool.vacate(seat.id);
        }
    }
    seat.caught_up();
}
