//! Whether a call on the slow path leaves something idle that must age.

use super::core::Core;
use crate::{
    collect::poll::{Caller, poll},
    seat::{current::current, seat::Seat},
    shard::{lookup::NOBODY, shard::Shard},
    trace,
};

impl<T> Core<T> {
    fn caller(&self) -> Caller<'_> {
        Caller { index: self.index(), age: &self.own_age }
    }

    /// Called at the end of a call on the slow path, with nothing held.
    #[inline]
    pub(crate) fn poll(&self) {
        trace::emit_notes();
        // bug: pool of borrowed values ages in its calls
        if self.is_collected {
            poll(self.caller(), || self.leaves_idle(current()));
        }
    }

    /// Returns whether the collect thread is needed for what the owner of `seat` may have left idle:
    /// more than one object of its own, in this pool or in several, or one on the shelf; and if the
    /// thread has ended and marked the seat since the call began, any. A thread that uses one object
    /// needs none. An owner takes the slow path at least once between a collect and its second
    /// private object.
    #[cold]
    pub(crate) fn leaves_idle(&self, seat: Option<&Seat>) -> bool {
        let marked = seat.is_some_and(Seat::is_unwatched);
        let several = |shard: &Shard<T>| shard.private.len() > 1 || shard.published();
        let many = || self.with_own(seat, several) == Some(true);
        // bug: no collect thread for what a call leaves idle; no collect thread for what is on the shelf
        marked
            || self.shelf.len() > 0
            || many()
            || seat.is_some_and(|seat| self.has_other_pools(seat))
    }

    /// Returns whether the owner of `seat`, the calling thread, uses other pools as well.
    fn has_other_pools(&self, seat: &Seat) -> bool {
        // SAFETY: the seat is the caller's, which is not pinned.
        let pin = unsafe { seat.pin() };
        pin.is_some_and(|pin| seat.has_other_shards(self.index(), NOBODY, &pin))
    }
}
