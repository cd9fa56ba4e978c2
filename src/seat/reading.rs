//! Reading: the section in which a thread uses shards and tables of other seats, as thieves do.
//!
//! A collector that has removed shards, or tables, frees them when no thread is reading that may have
//! found them before:
//!
//! ```text
//! reader     reading = epoch;     fence;   find a shard in a table;   reading = 0
//! collector  remove the shard;    epoch += 1;   fence;   is each seat's reading 0 or the epoch?
//! ```
//!
//! If the reader's fence comes first, the collector sees that it reads. If the collector's does, the
//! reader does not find the shard. A reader that has seen the new epoch has seen what was removed
//! before. What cannot be freed stays until a later collect, so neither side waits, and nothing here
//! allocates.

use super::{
    seat::{IDLE, Seat},
    table::Seats,
};
use crate::sync::{Acquire, Relaxed, Release, SeqCst, fence};

impl Seats {
    /// Begins to read. `seat` is the calling thread's, if it has one of these seats.
    pub(crate) fn read<'a>(&'a self, seat: Option<&'a Seat>) -> Reading<'a> {
        match seat {
            Some(seat) => {
                debug_assert_eq!(seat.reading.load(Relaxed), IDLE);
                // Acquire: pairs with the Release in `end_removals`: with the epoch the reader sees what
                // was removed before.
                // bug: epoch read without acquire
                let epoch = self.readers.epoch.load(Acquire);
                // Release: pairs with the Acquire of `may_free`, for what the thread has read before.
                // bug: reading begins without release
                seat.reading.store(epoch, Release);
            }
            None => _ = self.readers.seatless.fetch_add(1, Relaxed),
        }
        // SeqCst: pairs with that in `end_removals`.
        // bug: reading begins without a fence
        fence(SeqCst);
        Reading { seats: self, seat }
    }

    /// Notes that the caller has removed a shard or a table. It holds the registry's lock.
    pub(crate) fn note_removed(&self) {
        let removed = &self.readers.removed;
        removed.store(removed.load(Relaxed) + 1, Relaxed);
    }

    /// Ends the removals of a collect, if there were any: begins the next epoch. The caller holds the
    /// registry's lock.
    pub(crate) fn end_removals(&self) {
        let readers = &self.readers;
        // Owners replace tables at any time. In an epoch only those are freed that were replaced before
        // it began.
        self.all(0, 1).filter(|seat| seat.retire_old_tables()).for_each(|_| self.note_removed());
        if readers.removed.load(Relaxed) == 0 {
            return;
        }
        let epoch = readers.epoch.load(Relaxed).wrapping_add(1).max(IDLE + 1);
        // Release: pairs with the Acquire of `read`, for what was removed.
        // bug: epoch advances without release
        readers.epoch.store(epoch, Release);
        // SeqCst: pairs with that in `read`.
        // bug: epoch advances without a fence
        fence(SeqCst);
    }

    /// Returns whether there are removed shards or tables, and no thread can be reading them. Then the
    /// caller frees them all. It holds the registry's lock, and has called `end_removals` since the
    /// last removal.
    pub(crate) fn may_free(&self) -> bool {
        let readers = &self.readers;
        if readers.removed.load(Relaxed) == 0 {
            return false;
        }
        let epoch = readers.epoch.load(Relaxed);
        // Acquire, here and below: pairs with the Release of `Reading::drop`, so that the readers'
        // last loads come before the memory is freed.
        // bug: end of reading without a seat seen without acquire
        let free = readers.seatless.load(Acquire) == 0
            && self.all(0, 1).all(|seat| {
                // bug: end of reading seen without acquire
                let reading = seat.reading.load(Acquire);
                reading == IDLE || reading == epoch
            });
        if free {
            readers.removed.store(0, Relaxed);
        }
        free
    }

    /// Forgets the readers without a seat, which do not exist in a child process.
    pub(super) fn forget_readers(&self) {
        self.readers.seatless.store(0, Relaxed);
    }
}

/// While this exists, its thread may use shards and tables that it finds. No user code runs.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    seats: &'a Seats,
    seat: Option<&'a Seat>,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `may_free`.
        match self.seat {
            // bug: reading ends without release
            Some(seat) => seat.reading.store(IDLE, Release),
            None => _ = self.seats.readers.seatless.fetch_sub(1, Release),
        }
    }
}
