//! A pool as a collect, the exit of a thread and a fork see it.

use super::pending::ErasedPending;
use crate::seat::claim::AbandonedSeat;

/// One pool as the registry sees it. Every call is made under the registry's lock.
pub(crate) trait Collectable: Send + Sync {
    /// Where the registry lists the pool.
    fn set_entry(&self, entry: usize);

    /// The first half of a step, no seat claimed: the victims go.
    ///
    /// # Safety
    ///
    /// Under the registry's lock.
    unsafe fn drain(&self);

    /// The second half, these seats claimed: the pool's generation moves on, and their shards and
    /// the shelf go with it.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, after `drain`, and with the seats claimed.
    unsafe fn flip(&self, seats: &mut dyn Iterator<Item = usize>);

    /// What drains and flips have left to be dropped.
    ///
    /// # Safety
    ///
    /// Under the registry's lock.
    unsafe fn take_pending(&self) -> Option<ErasedPending>;

    /// The second half for a seat that was passed over, by its holder.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, by the seat's holder.
    unsafe fn catch_up(&self, seat: usize);

    /// The seat's holder is going: what only it can reach moves to the shelf.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, by the seat's holder, after `catch_up`.
    unsafe fn vacate(&self, seat: usize);

    /// Locks what the registry's lock does not cover, until `thaw`.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, which is held until `thaw`.
    unsafe fn lock_for_fork(&self);

    /// Unlocks what `freeze` has locked.
    ///
    /// # Safety
    ///
    /// By the thread that has frozen.
    unsafe fn unlock_after_fork(&self);

    /// All other threads are no more. What they held moves to the shelf; if they were not `reached`
    /// it is lost instead, since they may have been in the midst of something.
    ///
    /// # Safety
    ///
    /// Under the registry's lock, with all seats claimed, as the only thread of the process.
    unsafe fn reset_after_fork(&self, seats: &mut dyn Iterator<Item = AbandonedSeat>);
}
