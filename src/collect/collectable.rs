//! What a collect, the exit of a thread and a fork need of a pool.

use super::pending::ErasedPending;
use crate::seat::{claim::AbandonedSeat, seat::Seat, shards::AnyShard};
#[cfg(feature = "metrics")]
use crate::shard::stats::Stats;

/// A pool, as the registry lists it. Every method is called under the registry's lock. A shard that
/// is passed in is this pool's, and is in the table of the seat that is passed in.
pub(crate) trait Collectable: Send + Sync {
    /// Stores the index of the pool in the registry and in the tables of seats.
    fn set_index(&self, index: usize);

    fn index(&self) -> usize;

    /// Returns the name of the pool for reports, or an empty string.
    fn name(&self) -> &'static str;

    /// Returns whether collects of all pools age this one.
    fn is_collected(&self) -> bool;

    /// Returns the name of the pool, and its statistics, if it has a name.
    #[cfg(feature = "metrics")]
    fn named_stats(&self) -> Option<(&'static str, Stats)>;

    /// The first step of a collect, with no seat claimed: takes the victims out of a shard.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn drain(&self, shard: AnyShard);

    /// The same for the shelf.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn drain_shelf(&self);

    /// The second step, with no seat claimed: advances the pool's generation, and ages the shelf.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and has drained all shards and the shelf.
    unsafe fn advance(&self);

    /// The third step, with `seat` claimed: flips its shard, if that lags behind the pool. Removes it from the seat's table if it is
    /// empty and was not used since the collect before, and returns whether it did.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, has called `advance` if the pool is to age, and has claimed
    /// `seat`.
    unsafe fn flip(&self, seat: &Seat, shard: AnyShard) -> bool;

    /// The fourth step, with no seat claimed: puts back what the first has taken out, up to the number of
    /// idle objects that the pool is to keep.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn keep_min_idle(&self);

    /// Sets whether the steps drop objects because the pool is cleared, and not because of their age.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn set_clearing(&self, clearing: bool);

    /// Returns what the steps have taken out, which the caller drops.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn take_pending(&self) -> Option<ErasedPending>;

    /// Frees the shards that flips have removed.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and [`Seats::may_free`] has returned true since.
    ///
    /// [`Seats::may_free`]: crate::seat::table::Seats::may_free
    unsafe fn free_removed(&self);

    /// The third step for a seat that a collector has skipped. Called by the seat's holder.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and `seat`, which is not pinned.
    unsafe fn catch_up(&self, seat: &Seat, shard: AnyShard);

    /// Moves what only the holder of `seat` can reach to the shelf. Called by the holder when it
    /// gives the seat up.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, and `seat`, which is not pinned, and has called
    /// `catch_up`.
    unsafe fn vacate(&self, seat: &Seat, shard: AnyShard);

    /// Returns whether objects wait on the shelf.
    fn is_on_shelf(&self) -> bool;

    /// Returns whether the pool seems to be empty: it holds neither idle objects nor spare cells
    /// that wait to be freed. Other threads may be about to put something.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    unsafe fn seems_empty(&self) -> bool;

    /// Returns whether the pool is empty, after [`seems_empty`](Self::seems_empty), with all seats
    /// claimed.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock, has not released it since `seems_empty` has returned
    /// true, and has claimed all seats.
    unsafe fn is_empty(&self) -> bool;

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
    unsafe fn reset_after_fork(&self, seats: &mut dyn Iterator<Item = AbandonedSeat<'_>>);
}
