//! The table of all seats, and their assignment to threads.

use std::{iter::StepBy, ops::Range, sync::Arc};

use super::{
    buckets::{self, MAX_SEATS, locate},
    fence::FenceKind,
    moves::Moves,
    readers::Readers,
    seat::Seat,
};
use crate::{
    sync::{Acquire, AtomicUsize, LazyLock, Mutex, OnceLock, Release, lock::lock, test_size},
    util::try_alloc::try_slice,
};

/// The number of seats in the first bucket. Each further bucket doubles the number of all seats.
const FIRST_BUCKET: usize = test_size(64, 1);

/// The number of buckets, enough for all seats.
const BUCKETS: usize = locate(MAX_SEATS - 1, FIRST_BUCKET).0 + 1;

/// All seats of a process (or of a model).
#[derive(Debug)]
pub(crate) struct Seats {
    pub(super) fence_kind: FenceKind,
    limit: usize,
    buckets: [OnceLock<Box<[Seat]>>; BUCKETS],
    pub(super) free: Mutex<FreeIds>,
    /// The same as `FreeIds::made`, for threads that do not hold the lock.
    made: AtomicUsize,
    pub(super) readers: Readers,
    moves: Moves,
}

/// An iterator over seats. It is a type of its own, without closures, so that it is compiled here once, and
/// not again for each type of objects.
#[derive(Debug)]
pub(crate) struct SeatIter<'a> {
    seats: &'a Seats,
    ids: StepBy<Range<usize>>,
}

impl<'a> Iterator for SeatIter<'a> {
    type Item = &'a Seat;

    fn next(&mut self) -> Option<&'a Seat> {
        self.ids.next().map(|id| self.seats.get(id))
    }
}

/// The free ids: a bit for each seat, so that freeing an id allocates nothing.
#[derive(Debug)]
pub(super) struct FreeIds {
    /// Bit `id % 64` of word `id / 64` is set if a thread holds seat `id`.
    taken: Vec<u64>,
    /// Seats with an id below this have been assigned at least once.
    pub(super) made: usize,
}

impl FreeIds {
    /// Takes the lowest free id below `limit`. Returns `None` if there is none, or no memory.
    fn alloc(&mut self, limit: usize) -> Option<usize> {
        let full = self.taken.iter().take_while(|&&word| word == u64::MAX).count();
        let id = match self.taken.get(full) {
            Some(word) => full * 64 + word.trailing_ones() as usize,
            None => full * 64,
        };
        if id >= limit {
            return None;
        }
        if full == self.taken.len() {
            self.taken.try_reserve(1).ok()?;
            self.taken.push(0);
        }
        // bug: stale seat
        self.taken[full] |= 1 << (id % 64);
        Some(id)
    }

    pub(super) fn is_taken(&self, id: usize) -> bool {
        self.taken[id / 64] & 1 << (id % 64) != 0
    }

    pub(super) fn free(&mut self, id: usize) {
        debug_assert!(self.is_taken(id));
        self.taken[id / 64] &= !(1 << (id % 64));
    }
}

impl Seats {
    /// Returns a table for up to `limit` seats, at most [`MAX_SEATS`].
    pub(crate) fn new(fence_kind: FenceKind, limit: usize) -> Self {
        Self {
            fence_kind,
            limit: limit.min(MAX_SEATS),
            buckets: [const { OnceLock::new() }; BUCKETS],
            free: Mutex::new(FreeIds { taken: Vec::new(), made: 0 }),
            made: AtomicUsize::new(0),
            readers: Readers::new(),
            moves: Moves::new(),
        }
    }

    /// Returns the table of this process.
    pub(crate) fn process() -> &'static Arc<Self> {
        static SEATS: LazyLock<Arc<Seats>> =
            LazyLock::new(|| Arc::new(Seats::new(FenceKind::detect(), MAX_SEATS)));
        &SEATS
    }

    /// Returns the count of moves of idle objects between places where a search looks.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    pub(crate) fn fence_kind(&self) -> FenceKind {
        self.fence_kind
    }

    /// Returns seat `id`, which has been made.
    pub(crate) fn get(&self, id: usize) -> &Seat {
        let (index, offset) = locate(id, FIRST_BUCKET);
        &self.buckets[index].get().expect("a seat is made before it is used")[offset]
    }

    /// Returns the number of seats that were ever assigned.
    pub(crate) fn made(&self) -> usize {
        // Acquire: pairs with the Release in `join`, for the memory of the seats.
        self.made.load(Acquire)
    }

    /// Returns the seats that were ever assigned and whose ids are `first`, `first + step` and so on.
    pub(crate) fn all(&self, first: usize, step: usize) -> SeatIter<'_> {
        SeatIter { seats: self, ids: (first..self.made()).step_by(step) }
    }

    /// Makes seat `id`, with the others of its bucket, unless it exists. Returns `None` if there is
    /// no memory. The caller holds the lock.
    fn make(&self, id: usize) -> Option<()> {
        let (index, offset) = locate(id, FIRST_BUCKET);
        if self.buckets[index].get().is_none() {
            let len = buckets::len(index, FIRST_BUCKET);
            // bug: seats that must have memory
            let made = try_slice(len, |i| Seat::new(id - offset + i, self.fence_kind))?;
            self.buckets[index].get_or_init(|| made);
        }
        Some(())
    }

    /// Assigns the lowest free seat to the caller, who holds it until [`leave`](Self::leave).
    /// Returns `None` if all seats are taken or there is no memory for one more.
    pub(crate) fn join(&self) -> Option<&Seat> {
        let mut free = lock(&self.free);
        let id = free.alloc(self.limit)?;
        if self.make(id).is_none() {
            free.free(id);
            return None;
        }
        if free.made == id {
            free.made = id + 1;
            // Release: pairs with the Acquire in `made`, for the seat's memory.
            self.made.store(id + 1, Release);
        }
        Some(self.get(id))
    }

    /// Frees a seat. The lock makes what its holder did visible to the next one.
    ///
    /// # Safety
    ///
    /// The caller holds the seat, and does not use it again.
    pub(crate) unsafe fn leave(&self, seat: &Seat) {
        lock(&self.free).free(seat.id);
    }

    /// Returns seat `id`, which the caller holds.
    ///
    /// # Safety
    ///
    /// The caller holds the seat.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the models")]
    pub(crate) unsafe fn held(&self, id: usize) -> &Seat {
        self.get(id)
    }
}
