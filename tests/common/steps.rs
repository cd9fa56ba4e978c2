//! What the registry does with its pools, for the suites that have seats and a lock of their own.

use crate::{
    collect::{collect::age_pools, collectable::Collectable, pending::ErasedPending},
    seat::{seat::Seat, table::Seats},
};

/// Ages `pools`: as a collect if they are `all` pools of these seats, otherwise as a trim. `clear` also takes what is
/// idle then. Returns the garbage, which is to be dropped when nothing is locked.
///
/// # Safety
///
/// The caller has the lock that all users of these seats and pools share.
pub(super) unsafe fn age<'a>(
    seats: &Seats,
    pools: impl Iterator<Item = &'a dyn Collectable> + Clone,
    all: bool,
    clear: bool,
) -> Vec<ErasedPending> {
    // SAFETY: the caller has the lock.
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
/// As for [`age`]. The seat is the caller's, and not pinned.
pub(super) unsafe fn catch_up<'a>(pools: impl Iterator<Item = &'a dyn Collectable>, seat: &Seat) {
    // SAFETY: the caller has the lock, and the seat.
    pools.for_each(|pool| unsafe { pool.catch_up(seat.id) });
    seat.caught_up();
}

/// Leaves nothing behind that only this seat can reach. Afterwards the caller may give the seat back.
///
/// # Safety
///
/// As for [`catch_up`].
pub(super) unsafe fn vacate<'a>(
    pools: impl Iterator<Item = &'a dyn Collectable> + Clone,
    seat: &Seat,
) {
    // SAFETY: the caller has the lock, and the seat.
    unsafe {
        catch_up(pools.clone(), seat);
        pools.for_each(|pool| pool.vacate(seat.id));
    }
}
