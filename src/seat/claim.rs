//! A collector's claim on all seats.

use std::ptr;

use super::{
    current::current,
    fence::FenceKind,
    seat::Seat,
    table::{FreeIds, Seats},
};
use crate::sync::{MutexGuard, lock::lock, spin_loop, test_size};

/// How often a collector looks whether owners have seen its claim. Those who are just using pools see
/// it within a fraction of a microsecond.
const ACK_SPINS: usize = test_size(50, 0);

/// A collector's hold on all seats.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    seats: &'a Seats,
    /// No seat comes or goes while the generation moves on.
    free: MutexGuard<'a, FreeIds>,
    all: bool,
}

impl<'a> Claim<'a> {
    /// Claims every seat and waits, for a bounded time, for the pinned ones. `all` says that the
    /// claim is for all pools.
    ///
    /// # Safety
    ///
    /// There is one `Claim` at a time: collectors hold a lock.
    pub(crate) unsafe fn new(seats: &'a Seats, all: bool) -> Self {
        let claim = Self { seats, free: lock(&seats.free), all };
        // SAFETY: the caller is the only collector, and `drop` opens the gates.
        claim.existing().for_each(|seat| unsafe { seat.claim() });
        if !claim.is_acknowledged_by_all() {
            seats.strategy.heavy();
        }
        // bug: heavy fence for each seat
        claim.existing().for_each(Seat::wait_until_unpinned);
        claim
    }

    /// Whether all threads that hold seats acknowledge the claim within a moment. The calling thread
    /// need not, and threads that use pools all the time do.
    fn is_acknowledged_by_all(&self) -> bool {
        if self.seats.strategy == FenceKind::Symmetric {
            return false;
        }
        let own = current().map_or(ptr::null(), ptr::from_ref);
        let mut spins = ACK_SPINS;
        for seat in self.existing() {
            if ptr::eq(seat, own) || !self.free.is_taken(seat.id) {
                continue;
            }
            // bug: notice of one believed of all
            while !seat.has_acknowledged() {
                if spins == 0 {
                    return false;
                }
                // bug: notice waited for without end
                spins -= 1;
                spin_loop();
            }
        }
        true
    }

    fn existing(&self) -> impl Iterator<Item = &Seat> {
        (0..self.free.made).map(|id| self.seats.get(id))
    }

    /// The ids of the seats whose shards the collector may use now.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        self.existing().filter(|seat| seat.is_reached()).map(|seat| seat.id)
    }
}

impl Claim<'_> {
    /// The seats of other threads than the one with seat `own`.
    pub(crate) fn others(&self, own: Option<usize>) -> impl Iterator<Item = AbandonedSeat> {
        let seats = self.existing().filter(move |seat| Some(seat.id) != own);
        let taken = seats.filter(|seat| self.free.is_taken(seat.id));
        // bug: half done places of the dead used
        taken.map(|seat| AbandonedSeat { seat: seat.id, reached: seat.is_reached() })
    }

    /// Gives those seats back, whose threads are no more.
    pub(crate) fn reset_after_fork(&mut self, own: Option<usize>) {
        for id in (0..self.free.made).filter(|&id| Some(id) != own) {
            self.seats.get(id).reset_after_fork();
            if self.free.is_taken(id) {
                self.free.free(id);
            }
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // bug: gate left closed
        self.existing().for_each(|seat| seat.release(self.all));
    }
}

/// The seat of a thread that is no more.
#[derive(Debug)]
pub(crate) struct AbandonedSeat {
    pub(crate) seat: usize,
    pub(crate) reached: bool,
}
