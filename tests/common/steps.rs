//! The work of the registry, and a look at shards, for the suites that have seats and a registry of
//! their own.

use crate::{
    collect::{
        collect::{Which, age_pools, drain, take_pending},
        pending::ErasedPending,
    },
    pool::core::Core,
    seat::{seat::Seat, table::Seats},
    shard::shard::Shard,
};

/// Ages pools, like a collect if they are all pools of these seats, otherwise like a trim. With
/// `clear`, also takes the objects that are still idle. Returns the pending objects, which the
/// caller drops after unlocking.
///
/// # Safety
///
/// The caller holds the lock that all users of these seats and pools share.
pub(super) unsafe fn age(seats: &Seats, which: Which<'_>, clear: bool) -> Vec<ErasedPending> {
    // SAFETY: the caller holds the lock.
    unsafe {
        age_pools(seats, which);
        if clear {
            drain(seats, which);
        }
        take_pending(which)
    }
}

/// Returns the shard of a seat. No collect runs as long as the caller uses it.
pub(super) fn shard<'a, T>(core: &'a Core<T>, seat: &Seat) -> Option<&'a Shard<T>> {
    // SAFETY: shards are removed by collects only.
    unsafe { core.own_shard(seat) }
}

/// Returns all shards, as [`shard`] does.
#[allow(dead_code, reason = "not every suite uses it")]
pub(super) fn shards<T>(core: &Core<T>) -> impl Iterator<Item = &Shard<T>> {
    core.seats.all(0, 1).filter_map(|seat| shard(core, seat))
}
