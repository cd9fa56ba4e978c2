//! The claim: a collector's exclusive hold on all seats.

use std::{ptr, thread::yield_now};

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

/// How many seats a collector looks at, for owners that wait, after each seat that it visits.
const LOOKS: usize = test_size(32, 1);

/// How often the end of a pool yields to a thread that has lost the processor while it was pinned.
const PATIENCE: usize = test_size(10_000, 1);

/// A collector's exclusive hold on all seats, or on some. Dropping it opens the gates.
///
/// The system may refuse the heavy fence, in a sandbox that was entered after the first use of a
/// pool. Then the claim reaches only the seats whose owners have acknowledged it, and those without
/// another owner. It skips the others, which are late as if they had stayed pinned: either such an
/// owner sees its gate claimed and stands back, or it may be using its shards, and the collector does
/// not touch them.
///
/// Functions are passed as `dyn`, so that what calls them is compiled here once, and not again for each
/// type of objects.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    seats: &'a Seats,
    /// Held so that no seat is assigned or freed. See [`let_threads_join`](Self::let_threads_join).
    free: Option<MutexGuard<'a, FreeIds>>,
    /// Seats with ids below this may be claimed.
    made: usize,
    purpose: Purpose,
}

/// What a claim is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To age all pools.
    AgeAll,
    /// To age one pool, or to fork.
    AgeOne,
    /// To recall what others keep private. There is no work to be done for the seats that it skips.
    Recall,
}

impl<'a> Claim<'a> {
    /// Claims every seat. `all` says whether the claim is for all pools.
    ///
    /// # Safety
    ///
    /// There is one `Claim` at a time: collectors hold the registry's lock.
    pub(crate) unsafe fn new(seats: &'a Seats, all: bool) -> Self {
        let purpose = if all { Purpose::AgeAll } else { Purpose::AgeOne };
        // SAFETY: the caller's promise.
        unsafe { Self::with(seats, purpose, &mut |seat| seat.claim()) }
    }

    /// Claims the seats that may have shards: those that are not dormant.
    ///
    /// # Safety
    ///
    /// As for [`new`](Self::new). The pools have advanced their generations before.
    pub(crate) unsafe fn of_used(seats: &'a Seats, all: bool) -> Self {
        let purpose = if all { Purpose::AgeAll } else { Purpose::AgeOne };
        // SAFETY: the caller's promise.
        unsafe { Self::with(seats, purpose, &mut |seat| seat.claim_unless_dormant()) }
    }

    /// Claims the seats whose ids are `wanted`, for a recall.
    ///
    /// # Safety
    ///
    /// As for [`new`](Self::new).
    pub(crate) unsafe fn of(seats: &'a Seats, wanted: &dyn Fn(usize) -> bool) -> Self {
        let mut claim = |seat: &Seat| {
            if wanted(seat.id) {
                // SAFETY: the caller's promise.
                unsafe { seat.claim() };
            }
        };
        // SAFETY: as above.
        unsafe { Self::with(seats, Purpose::Recall, &mut claim) }
    }

    /// # Safety
    ///
    /// As for [`new`](Self::new).
    unsafe fn with(seats: &'a Seats, purpose: Purpose, claim_one: &mut dyn FnMut(&Seat)) -> Self {
        let free = lock(&seats.free);
        let claim = Self { seats, made: free.made, free: Some(free), purpose };
        // The gates are opened by `visit`, or by `Claim::drop`.
        claim.made().for_each(claim_one);
        let fenced = claim.is_acknowledged_by_all() || seats.fence_kind.heavy();
        // bug: heavy fence for each seat
        // bug: refused fence taken for granted
        let unordered = |seat: &&Seat| !(fenced || claim.is_ordered(seat));
        claim.claimed().filter(unordered).for_each(|seat| seat.skip(claim.leaves_work()));
        claim
    }

    /// Returns whether there is work to be done later for the seats that the claim skips.
    fn leaves_work(&self) -> bool {
        self.purpose != Purpose::Recall
    }

    /// Allows threads to take seats and to give them back while the claim lasts. A seat that is made
    /// meanwhile is not claimed. It has no shards, and those that it gets have the new generation,
    /// to which pools have advanced before the claim.
    pub(crate) fn let_threads_join(&mut self) {
        self.free = None;
    }

    /// Calls `f` on each seat that can be reached, and releases it. Seats whose owners are waiting
    /// for it come first. If `f` returns that the seat has no shards, it becomes dormant.
    pub(crate) fn visit(&self, f: &mut dyn FnMut(&Seat) -> bool) {
        let mut finish = |seat: &Seat| {
            let unused = seat.reach(self.leaves_work()) && f(seat);
            let all = self.purpose == Purpose::AgeAll;
            if !(unused && all && seat.release_dormant()) {
                self.release(seat);
            }
        };
        // bug: waiting owners come last
        self.claimed().filter(|seat| seat.has_acknowledged()).for_each(&mut finish);
        let mut looks = self.made().cycle();
        for seat in self.made() {
            if !seat.is_claimed() {
                continue;
            }
            finish(seat);
            // Other owners may have begun to wait.
            for other in looks.by_ref().take(LOOKS) {
                if other.has_acknowledged() {
                    finish(other);
                }
            }
        }
    }

    /// Calls `f` on each seat that can be reached, and waits much longer for it than a collect does.
    /// Returns whether all were reached. The seats stay claimed.
    pub(crate) fn visit_patiently(&self, f: &mut dyn FnMut(&Seat)) -> bool {
        let mut all = true;
        for seat in self.claimed() {
            for _ in (0..PATIENCE).take_while(|_| seat.is_busy()) {
                spin_loop();
                yield_now();
            }
            if seat.reach(self.leaves_work()) {
                f(seat);
            } else {
                all = false;
            }
        }
        all
    }

    /// Returns whether the owner of `seat`, if it is another thread, has acknowledged the claim.
    /// Then no fence is needed between its pins and the claim.
    fn is_ordered(&self, seat: &Seat) -> bool {
        self.is_own_or_free(seat) || seat.has_acknowledged()
    }

    fn is_own_or_free(&self, seat: &Seat) -> bool {
        let own = current().map_or(ptr::null(), ptr::from_ref);
        ptr::eq(seat, own) || !self.free().is_taken(seat.id)
    }

    /// Waits for at most [`ACK_SPINS`] spins. Returns whether all threads that hold seats, other
    /// than the calling one, have acknowledged the claim. Threads that use pools all the time do.
    fn is_acknowledged_by_all(&self) -> bool {
        if self.seats.fence_kind == FenceKind::Symmetric {
            return false;
        }
        let mut spins = ACK_SPINS;
        for seat in self.claimed() {
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

    /// All seats that had been assigned when the claim began.
    fn made(&self) -> impl Iterator<Item = &'a Seat> + Clone {
        let seats = self.seats;
        (0..self.made).map(|id| seats.get(id))
    }

    fn free(&self) -> &FreeIds {
        self.free.as_ref().expect("threads may not join yet")
    }

    /// Waits for a bounded time until the seats are unpinned.
    pub(crate) fn wait(&self) {
        self.claimed().for_each(|seat| _ = seat.reach(self.leaves_work()));
    }

    fn release(&self, seat: &Seat) {
        seat.release(self.purpose == Purpose::AgeAll);
    }

    /// The seats that `self` has claimed and not released.
    fn claimed(&self) -> impl Iterator<Item = &'a Seat> {
        self.made().filter(|seat| seat.is_claimed())
    }

    /// Returns whether the collector may use the shards of all seats.
    pub(crate) fn reaches_all(&self) -> bool {
        self.claimed().all(Seat::is_reached)
    }

    /// Marks all seats as unwatched.
    pub(crate) fn unwatch_all(&self) {
        self.claimed().for_each(Seat::unwatch);
    }

    /// Returns the ids of the seats whose shards the collector may use: those that are not late.
    #[cfg(test)]
    #[allow(dead_code, reason = "unused in schedules")]
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        self.claimed().filter(|seat| seat.reach(self.leaves_work())).map(|seat| seat.id)
    }
}

impl<'a> Claim<'a> {
    /// Returns the assigned seats other than `own`, after a fork: their threads do not exist in the
    /// child process.
    pub(crate) fn others(&self, own: Option<usize>) -> impl Iterator<Item = AbandonedSeat<'a>> {
        let seats = self.claimed().filter(move |seat| Some(seat.id) != own);
        let taken = seats.filter(|seat| self.free().is_taken(seat.id));
        // bug: half-changed private part used after a fork
        taken.map(|seat| AbandonedSeat { seat, reached: seat.is_reached() })
    }

    /// Frees all seats other than `own` in a child process, where their threads do not exist.
    pub(crate) fn reset_after_fork(&mut self, own: Option<usize>) {
        self.seats.forget_readers();
        let free = self.free.as_mut().expect("threads may not join yet");
        for id in (0..self.made).filter(|&id| Some(id) != own) {
            self.seats.get(id).reset_after_fork();
            if free.is_taken(id) {
                free.free(id);
            }
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // bug: gate left closed
        self.claimed().for_each(|seat| self.release(seat));
    }
}

/// The seat of a thread that does not exist in the child process.
#[derive(Debug)]
pub(crate) struct AbandonedSeat<'a> {
    pub(crate) seat: &'a Seat,
    /// Whether the claim has reached the seat. If not, its thread may have been pinned.
    pub(crate) reached: bool,
}
