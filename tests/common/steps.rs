//! The work of the registry, for the suites that have seats and a lock of their own.

use crate::{
    collect::{collect::age_pools, collectable::Collectable, pending::ErasedPending},
    seat::{seat::Seat, table::Seats},
};

/// Ages `pools`: like a collect if they are `all` pools of these seats, otherwise like a trim. With
/// `clear`, also takes the objects that are still idle. Returns the pending objects, which the
/// caller drops after unlocking.
///
/// # Safety
///
/// The caller holds the lock that all users of these seats and pools share.
pub(super) unsafe fn age<'a>(
    seats: &Seats,
    pools: impl Iterator<Item = &'a dyn Collectable> + Clone,
    all: bool,
    clear: bool,
) -> Vec<ErasedPending> {
    // SAFETY: the caller holds the lock.
    unsafe {
        age_pools(seats, pools.clone(), all);
        if clear {
            pools.clone().for_each(|pool| pool.drain());
        }
        pools.filter_map(|pool| pool.take_pending()).collect()
    }
}

/// Does the work that collectors left to a late seat.
///
/// # Safety
///
/// As for [`age`]. The seat belongs to the caller, and is not pinned.
pub(super) unsafe fn catch_up<'a>(pools: impl Iterator<Item = &'a dyn Collectable>, seat: &Seat) {
    // SAFETY: the caller holds the lock and the seat.
    pools.for_each(|pool| unsafe { pool.catch_up(seat.id) });
    seat.caught_up();
}

/// Moves the private objects of this seat to where all threads can take them. Afterwards the caller
/// may give the seat back.
///
/// # Safety
///
/// As for [`catch_up`].
pub(super) unsafe fn vacate<'a>(
    pools: impl Iterator<Item = &'a dyn Collectable> + Clone,
    seat: &Seat,
) {
    // SAFETY: the caller holds the lock and the seat.
    unsafe {
        catch_up(pools.clone(), seat);
        pools.for_each(|pool| pool.vacate(seat.id));
    }
}
