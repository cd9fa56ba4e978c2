//! A collect: every pool, or one, goes on by one generation.
//!
//! A collect is two halves under the registry's lock, and an end outside it:
//!
//! 1. With nothing claimed, take what is left of every pool's victims. Only a flip adds victims, so
//!    that there are none when
//! 2. all seats are claimed and every shard is flipped: its primary generation becomes victim, its
//!    drained one primary. This is all that other threads can notice: they find their shards closed.
//! 3. With nothing held, drop what was taken. Only this step runs user code.

use super::{collectable::Collectable, pending::ErasedPending, registry::Registry};
use crate::{
    seat::{claim::Claim, seat::Seat, table::Seats},
    util::panics::FirstPanic,
};

/// Ages these pools by one generation: `all` of the process's, or some. What is to be dropped
/// remains with them.
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

/// Drops what collects have left, and goes on with the first panic of a destructor.
pub(crate) fn drop_pending(garbage: Vec<ErasedPending>) {
    let mut panics = FirstPanic::new();
    for remains in garbage {
        panics.guard(|| drop(remains));
    }
    panics.resume();
}

/// Ages every pool of the process. These are its seats.
pub(crate) fn collect_from(seats: &Seats) {
    let garbage = {
        // bug: collect without the registry's lock
        let registry = Registry::lock();
        // SAFETY: locked.
        unsafe {
            age_pools(seats, registry.pools(), true);
            let mut garbage = Vec::new();
            // Without memory it remains for the next collect.
            // bug: collect that must have memory
            if garbage.try_reserve(registry.len()).is_ok() {
                garbage.extend(registry.pools().filter_map(|pool| pool.take_pending()));
            }
            // bug: postponed garbage lost; destructors under the registry's lock
            garbage
        }
    };
    drop_pending(garbage);
}

/// Ages one pool by one generation, and then drops the victims if `clear`.
pub(crate) fn age(seats: &Seats, pool: &dyn Collectable, clear: bool) {
    let garbage = {
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
    drop(garbage);
}

/// Does for a late seat what a collect has left undone, unless another collect is at work.
///
/// The seat is the caller's.
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

/// Leaves to others what only the holder of this seat can reach. The seat is the caller's.
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
