//! What a collect, the exit of a thread and a fork need of a pool.

use super::pending::ErasedPending;
use crate::seat::claim::AbandonedSeat;

/// A pool, as the registry lists it. Every method is called under the registry's lock.
pub(crate) trait Collectable: Send + Sync {
    /// Stores the index of the pool in the registry.
    fn set_entry(&self, entry: usize);

    /// The first step of a collect, with no seat claimed: takes out the victims.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn drain(&self);

    /// The second step of a collect, with `seats` claimed: advances the pool's generation, and
    /// flips the shards of `seats` and the shelf.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, has called `drain`, and has claimed `seats`.
    unsafe fn flip(&self, seats: &mut dyn Iterator<Item = usize>);

    /// Returns what drains and flips have taken out, which the caller drops.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn take_pending(&self) -> Option<ErasedPending>;

    /// The second step for a seat that a collector has skipped. Called by the seat's holder.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and `seat`, which is not pinned.
    unsafe fn catch_up(&self, seat: usize);

    /// Moves what only the holder of `seat` can reach to the shelf. Called by the holder when it
    /// gives the seat up.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and `seat`, which is not pinned, and has called
    /// `catch_up`.
    unsafe fn vacate(&self, seat: usize);

    /// Locks what the registry's lock does not cover, until `unlock_after_fork`.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock until `unlock_after_fork`.
    unsafe fn lock_for_fork(&self);

    /// Unlocks what `lock_for_fork` has locked.
    ///
    /// # Safety
    ///
    /// The calling thread has called `lock_for_fork`.
    unsafe fn unlock_after_fork(&self);

    /// Repairs the pool in a forked child, where no other thread exists. What they held moves to
    /// the shelf. If a seat was not `reached`, its private part is leaked instead, because its
    /// thread may have been in the middle of a change.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, has claimed all seats, and is the only thread of the
    /// process.
    unsafe fn reset_after_fork(&self, seats: &mut dyn Iterator<Item = AbandonedSeat>);
}
