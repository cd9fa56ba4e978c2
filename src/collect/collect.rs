//! A collect ages every pool by one generation; [`age`] ages one pool.
//!
//! It takes three steps under the registry's lock, and a fourth after its release:
//!
//! 1. *Drain*, with nothing claimed: take what is left of every pool's victims. Only a flip adds
//!    victims, so there are none when step 3 begins.
//! 2. *Advance*, with nothing claimed: each pool gets the next generation. A shard that is opened
//!    from here on has it already.
//! 3. *Flip*, with the seats claimed: in each shard, the primary generation becomes the victims,
//!    and the drained one becomes primary. A seat is released as soon as its own shards are flipped.
//!    Other threads notice only this step: they find their shards closed.
//! 4. *Drop* what was taken out, with nothing held. Only this step runs user code.

use super::{
    collectable::Collectable,
    pending::ErasedPending,
    registry::{Pools, Registry},
};
use crate::{
    seat::{claim::Claim, seat::Seat, shards::AnyShard, table::Seats},
    shard::lookup::NOBODY,
    trace,
    util::panics::FirstPanic,
};

/// The pools that age: one of the registry's, or all.
#[derive(Clone, Copy)]
pub(crate) struct Which<'a> {
    registry: &'a Registry,
    one: Option<&'a dyn Collectable>,
}

impl<'a> Which<'a> {
    pub(crate) fn all(registry: &'a Registry) -> Self {
        Self { registry, one: None }
    }

    pub(crate) fn one(registry: &'a Registry, pool: &'a dyn Collectable) -> Self {
        Self { registry, one: Some(pool) }
    }

    fn pools(self) -> impl Iterator<Item = &'a dyn Collectable> {
        let all = match self.one {
            None => self.registry.collected_pools(),
            Some(_) => Pools::default(),
        };
        all.chain(self.one)
    }

    /// Returns whether `pool` is one of them.
    fn includes(self, pool: &dyn Collectable) -> bool {
        self.one.is_some() || pool.is_collected()
    }

    /// Calls `f` on the shards of `seat`; if all pools age, also on those of pools that are not collected.
    fn shards(self, seat: &Seat, f: &mut dyn FnMut(&dyn Collectable, AnyShard)) {
        match self.one {
            // In the order of the seat's table, which leads to no other seat's shards.
            None => seat.for_each_shard(NOBODY, &mut |index, shard| {
                let pool = self.registry.pool(index);
                f(pool.expect("a pool removes its shards at its end"), shard);
            }),
            Some(pool) => {
                seat.shard_at(pool.index(), NOBODY).into_iter().for_each(|shard| f(pool, shard));
            }
        }
    }
}

/// Drains, advances and flips pools, and removes shards that nobody uses. What must be dropped stays
/// with the pools.
///
/// # Safety
///
/// The caller holds the lock of the registry, which lists all pools with these seats.
pub(crate) unsafe fn age_pools(seats: &Seats, which: Which<'_>) {
    // SAFETY: the caller holds the lock.
    unsafe {
        // What the last collect could not free.
        free_removed(seats, which.registry);
        drain(seats, which);
    }
    let moving = seats.moves().begin();
    // SAFETY: locked, and drained.
    unsafe {
        flip(seats, which);
        which.pools().for_each(|pool| pool.keep_min_idle());
    }
    drop(moving);
    seats.end_removals();
    // SAFETY: the caller holds the lock.
    unsafe { free_removed(seats, which.registry) };
}

/// Advances and flips pools, which have been drained.
///
/// # Safety
///
/// As for [`age_pools`].
unsafe fn flip(seats: &Seats, which: Which<'_>) {
    // SAFETY: locked, and drained.
    which.pools().for_each(|pool| unsafe { pool.advance() });
    let all = which.one.is_none();
    // SAFETY: the lock makes this the only claim.
    let mut claim = unsafe { Claim::of_used(seats, all) };
    claim.let_threads_join();
    // bug: flip without a claim
    claim.visit(&mut |seat| {
        let mut left = 0;
        which.shards(seat, &mut |pool, shard| {
            // SAFETY: advanced above, and the seat is claimed.
            // bug: heavy fence for each pool
            left += usize::from(!unsafe { pool.flip(seat, shard) });
        });
        // SAFETY: the seat is claimed, and these are the shards of all pools.
        if left == 0 && all && unsafe { seat.remove_table() } {
            seats.note_removed();
        }
        left == 0
    });
}

/// Frees the shards and tables that collects have removed, unless a thread may still be reading one
/// of them. Then a later collect frees them.
///
/// # Safety
///
/// As for [`age_pools`].
unsafe fn free_removed(seats: &Seats, registry: &Registry) {
    // bug: removed shards freed at once
    if seats.may_free() {
        // SAFETY: locked, and all was removed before.
        unsafe {
            seats.all(0, 1).for_each(|seat| seat.free_old_tables());
            registry.pools().for_each(|pool| pool.free_removed());
        }
    }
}

/// Takes the victims out of pools.
///
/// # Safety
///
/// As for [`age_pools`].
pub(crate) unsafe fn drain(seats: &Seats, which: Which<'_>) {
    for seat in seats.all(0, 1) {
        // SAFETY: the caller holds the lock.
        which.shards(seat, &mut |pool, shard| unsafe {
            if which.includes(pool) {
                pool.drain(shard);
            }
        });
    }
    // SAFETY: as above.
    which.pools().for_each(|pool| unsafe { pool.drain_shelf() });
}

/// Takes what the steps have taken out of pools. Without memory for a list of it, the objects stay
/// with their pools until the next collect.
///
/// # Safety
///
/// As for [`age_pools`].
pub(crate) unsafe fn take_pending(which: Which<'_>) -> Vec<ErasedPending> {
    let mut pending = Vec::new();
    let pools = which.one.map_or(which.registry.len(), |_| 1);
    // bug: collect that must have memory
    if pending.try_reserve(pools).is_ok() {
        // SAFETY: locked.
        pending.extend(which.pools().filter_map(|pool| unsafe { pool.take_pending() }));
    }
    // bug: postponed objects lost
    pending
}

/// Drops what collects have taken out of pools, and calls `then` with the number of objects. If destructors
/// panic, all of this is done first; then the first panic is resumed.
pub(crate) fn drop_pending(pending: Vec<ErasedPending>, then: impl FnOnce(usize)) {
    let mut panics = FirstPanic::new();
    let dropped = pending.iter().map(|objects| objects.len).sum();
    for objects in pending {
        panics.guard(|| drop(objects));
    }
    then(dropped);
    panics.resume();
}

/// Ages every pool of the process, whose seats are `seats`.
pub(crate) fn collect_from(seats: &Seats) {
    let start = trace::Start::now();
    // Not under the lock, which others need to put objects.
    seats.fence_kind().register();
    let pending = {
        // bug: collect without the registry's lock
        let registry = Registry::lock();
        // SAFETY: locked.
        unsafe {
            age_pools(seats, Which::all(&registry));
            // bug: destructors under the registry's lock
            take_pending(Which::all(&registry))
        }
    };
    drop_pending(pending, |dropped| trace::collected(&start, dropped));
}

/// Ages one pool by one generation, and drops the objects that were victims before. If `clear`, the
/// new victims are dropped as well.
pub(crate) fn age(seats: &Seats, pool: &dyn Collectable, clear: bool) {
    let start = trace::Start::now();
    seats.fence_kind().register();
    let pending = {
        let registry = Registry::lock();
        let which = Which::one(&registry, pool);
        // SAFETY: locked.
        unsafe {
            // bug: cleared objects counted as aged
            pool.set_clearing(clear);
            age_pools(seats, which);
            if clear {
                drain(seats, which);
            }
            pool.set_clearing(false);
            take_pending(which)
        }
    };
    drop_pending(pending, |dropped| trace::aged(&start, pool.name(), clear, dropped));
}

/// Ages the shards of a late seat, which a collect has skipped. Does nothing while another thread
/// holds the registry's lock.
///
/// The seat is the calling thread's.
#[cold]
pub(crate) fn catch_up(seat: &Seat) {
    let Some(registry) = Registry::try_lock() else { return };
    if seat.is_late() {
        // SAFETY: locked, and the seat is the caller's, which is not pinned.
        unsafe { age_seat(&registry, seat) };
    }
}

/// Calls `f` while no other thread collects or recalls, so that no collector has claimed `seat`. Waits
/// for that. `f` must not lock the registry, and runs no user code.
///
/// The seat is the calling thread's.
#[cold]
pub(crate) fn undisturbed<R>(seat: &Seat, f: impl FnOnce() -> R) -> R {
    let registry = Registry::lock();
    if seat.is_late() {
        // SAFETY: locked, and the seat is the caller's, which is not pinned.
        unsafe { age_seat(&registry, seat) };
    }
    f()
}

/// Ages the shards of a seat that collects may have skipped, and opens its gate.
///
/// # Safety
///
/// The registry is locked, and the seat is the caller's, which is not pinned.
pub(crate) unsafe fn age_seat(registry: &Registry, seat: &Seat) {
    // SAFETY: the caller's promise.
    // bug: late work left undone
    Which::all(registry).shards(seat, &mut |pool, shard| unsafe { pool.catch_up(seat, shard) });
    seat.caught_up();
}

/// Moves what only the holder of this seat can reach to the shelves. The seat is the calling
/// thread's.
pub(crate) fn vacate(seat: &Seat) {
    let registry = Registry::lock();
    // SAFETY: locked, and the seat is the caller's, which is not pinned.
    unsafe { vacate_seat(&registry, seat) };
}

/// Does the work of [`vacate`].
///
/// # Safety
///
/// As for [`age_seat`].
pub(crate) unsafe fn vacate_seat(registry: &Registry, seat: &Seat) {
    // SAFETY: the caller's promise.
    unsafe {
        age_seat(registry, seat);
        Which::all(registry).shards(seat, &mut |pool, shard| pool.vacate(seat, shard));
    }
}
