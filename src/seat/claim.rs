//! The claim: a collector's exclusive hold on all seats.

use std::ptr;

use super::{
    current::current,
    fence::FenceKind,
    seat::Seat,
    table::{FreeIds, Seats},
};
use crate::sync::{MutexGuard, lock::lock, spin_loop, test_size};

/// How often a collector checks whether owners have acknowledged its claim, before it runs the
/// heavy fence. An owner that is using pools acknowledges within a fraction of a microsecond.
const ACK_SPINS: usize = test_size(50, 0);

/// A collector's exclusive hold on all seats. Dropping it opens the gates.
///
/// The system may refuse the heavy fence, in a sandbox that was entered after the first use of a
/// pool. Then the claim reaches only the seats whose owners have acknowledged it, and those without
/// another owner. It skips the others, which are late as if they had stayed pinned: either such an
/// owner sees its gate claimed and stands back, or it may be using its shards, and the collector does
/// not touch them.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    seats: &'a Seats,
    /// Held, so that no seat is assigned or freed during the flip.
    free: MutexGuard<'a, FreeIds>,
    /// Whether the claim is for all pools.
    all: bool,
}

impl<'a> Claim<'a> {
    /// Claims every seat, and waits for a bounded time until it is unpinned. `all` says whether the
    /// claim is for all pools.
    ///
    /// # Safety
    ///
    /// There is one `Claim` at a time: collectors hold the registry's lock.
    pub(crate) unsafe fn new(seats: &'a Seats, all: bool) -> Self {
        let claim = Self { seats, free: lock(&seats.free), all };
        // SAFETY: the caller is the only collector, and `Claim::drop` opens the gates.
        claim.existing().for_each(|seat| unsafe { seat.claim() });
        let fenced = claim.is_acknowledged_by_all() || seats.fence_kind.heavy();
        for seat in claim.existing() {
            // bug: heavy fence for each seat
            // bug: refused fence taken for granted
            if fenced || claim.is_ordered(seat) {
                seat.wait_until_unpinned();
            } else {
                seat.skip();
            }
        }
        claim
    }

    /// Returns whether the owner of `seat`, if it is another thread, has acknowledged the claim.
    /// Then no fence is needed between its pins and the claim.
    fn is_ordered(&self, seat: &Seat) -> bool {
        self.is_own_or_free(seat) || seat.has_acknowledged()
    }

    fn is_own_or_free(&self, seat: &Seat) -> bool {
        let own = current().map_or(ptr::null(), ptr::from_ref);
        ptr::eq(seat, own) || !self.free.is_taken(seat.id)
    }

    /// Waits for at most [`ACK_SPINS`] spins. Returns whether all threads that hold seats, other
    /// than the calling one, have acknowledged the claim. Threads that use pools all the time do.
    fn is_acknowledged_by_all(&self) -> bool {
        if self.seats.fence_kind == FenceKind::Symmetric {
            return false;
        }
        let mut spins = ACK_SPINS;
        for seat in self.existing() {
            if self.is_own_or_free(seat) {
                continue;
            }
            // bug: one acknowledgement taken for all
            while !seat.has_acknowledged() {
                if spins == 0 {
                    return false;
                }
                // bug: endless wait for acknowledgements
                spins -= 1;
                spin_loop();
            }
        }
        true
    }

    /// All seats that were ever assigned.
    fn existing(&self) -> impl Iterator<Item = &Seat> {
        (0..self.free.made).map(|id| self.seats.get(id))
    }

    /// Returns the ids of the seats whose shards the collector may use: those that are not late.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        self.existing().filter(|seat| seat.is_reached()).map(|seat| seat.id)
    }
}

impl Claim<'_> {
    /// Returns the assigned seats other than `own`, after a fork: their threads do not exist in the
    /// child process.
    pub(crate) fn others(&self, own: Option<usize>) -> impl Iterator<Item = AbandonedSeat> {
        let seats = self.existing().filter(move |seat| Some(seat.id) != own);
        let taken = seats.filter(|seat| self.free.is_taken(seat.id));
        // bug: half-changed private part used after a fork
        taken.map(|seat| AbandonedSeat { seat: seat.id, reached: seat.is_reached() })
    }

    /// Frees all seats other than `own` in a child process, where their threads do not exist.
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

/// The seat of a thread that does not exist in the child process.
#[derive(Debug)]
pub(crate) struct AbandonedSeat {
    /// The seat's id.
    pub(crate) seat: usize,
    /// Whether the claim has reached the seat. If not, its thread may have been pinned.
    pub(crate) reached: bool,
}
