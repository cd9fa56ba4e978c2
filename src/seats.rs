//! All seats: who gets which, and how a collector claims them.

use std::ptr;

use crate::{
    age::Left,
    fence::Strategy,
    memory::try_slice,
    seat::{self, Seat, lock},
    sync::{LazyLock, Mutex, MutexGuard, OnceLock, limit, scaled, spin_loop},
};

/// Threads that can hold seats at one time. The rest use the shelf.
pub(crate) const MAX_SEATS: usize = limit(1 << 14, 4);

/// Segments of shards in a pool, for all seats.
pub(crate) const SEGMENTS: usize = bucket(MAX_SEATS - 1, 1).0 + 1;

/// The seats of the first bucket; each further bucket doubles the number.
const FIRST_BUCKET: usize = scaled(64, 1);

/// Buckets for all of them.
const BUCKETS: usize = bucket(MAX_SEATS - 1, FIRST_BUCKET).0 + 1;

/// How often a collector looks whether owners have seen its claim. Those who are just using pools see
/// it within a fraction of a microsecond.
const MOMENT: usize = scaled(50, 0);

/// Which bucket holds item `id`, and where in it. The first holds `first` items (a power of two),
/// and each one after it as many as all before it.
pub(crate) const fn bucket(id: usize, first: usize) -> (usize, usize) {
    match (id / first).checked_ilog2() {
        None => (0, id),
        // bug: buckets overlap
        Some(log) => (log as usize + 1, id - (first << log)),
    }
}

/// How many items bucket `index` holds.
pub(crate) const fn bucket_len(index: usize, first: usize) -> usize {
    match index {
        0 => first,
        _ => first << (index - 1),
    }
}

/// All seats of a process (or of a model).
#[derive(Debug)]
pub(crate) struct Seats {
    strategy: Strategy,
    limit: usize,
    buckets: [OnceLock<Box<[Seat]>>; BUCKETS],
    vacant: Mutex<Vacant>,
}

/// The free ids. A bit for each seat, so that giving one back allocates nothing.
#[derive(Debug)]
struct Vacant {
    taken: Vec<u64>,
    /// Seats that exist: ids below this.
    made: usize,
}

impl Vacant {
    /// The lowest free id below `limit`.
    fn take(&mut self, limit: usize) -> Option<usize> {
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

    fn is_taken(&self, id: usize) -> bool {
        self.taken[id / 64] & 1 << (id % 64) != 0
    }

    fn give(&mut self, id: usize) {
        debug_assert!(self.is_taken(id));
        self.taken[id / 64] &= !(1 << (id % 64));
    }
}

impl Seats {
    /// A table of up to `limit` seats.
    pub(crate) fn new(strategy: Strategy, limit: usize) -> Self {
        Self {
            strategy,
            limit: limit.min(MAX_SEATS),
            buckets: [const { OnceLock::new() }; BUCKETS],
            vacant: Mutex::new(Vacant { taken: Vec::new(), made: 0 }),
        }
    }

    /// The seats of this process.
    pub(crate) fn process() -> &'static Self {
        static SEATS: LazyLock<Seats> = LazyLock::new(|| Seats::new(Strategy::detect(), MAX_SEATS));
        &SEATS
    }

    pub(crate) fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// A seat that has been made.
    fn get(&self, id: usize) -> &Seat {
        let (index, offset) = bucket(id, FIRST_BUCKET);
        &self.buckets[index].get().expect("seats are made before they are used")[offset]
    }

    /// Makes a seat and the others of its bucket, under the lock. `None` if there is no memory.
    fn make(&self, id: usize) -> Option<()> {
        let (index, offset) = bucket(id, FIRST_BUCKET);
        if self.buckets[index].get().is_none() {
            let len = bucket_len(index, FIRST_BUCKET);
            // bug: seats that must have memory
            let made = try_slice(len, |i| Seat::new(id - offset + i, self.strategy))?;
            self.buckets[index].get_or_init(|| made);
        }
        Some(())
    }

    /// The lowest free seat, or `None` if all are taken or there is no memory for one more. It is
    /// the caller's until `leave`.
    pub(crate) fn join(&self) -> Option<&Seat> {
        let mut vacant = lock(&self.vacant);
        let id = vacant.take(self.limit)?;
        if self.make(id).is_none() {
            vacant.give(id);
            return None;
        }
        vacant.made = vacant.made.max(id + 1);
        Some(self.get(id))
    }

    /// Gives a seat back. The lock makes what its holder did seen by the next one.
    ///
    /// # Safety
    ///
    /// The caller holds the seat, and does not use it again.
    pub(crate) unsafe fn leave(&self, seat: &Seat) {
        lock(&self.vacant).give(seat.id);
    }

    /// A seat that its holder knows by its id.
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

/// A collector's hold on all seats.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    seats: &'a Seats,
    /// No seat comes or goes while the generation moves on.
    vacant: MutexGuard<'a, Vacant>,
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
        let claim = Self { seats, vacant: lock(&seats.vacant), all };
        // SAFETY: the caller is the only collector, and `drop` opens the gates.
        claim.existing().for_each(|seat| unsafe { seat.claim() });
        if !claim.is_seen_by_all() {
            seats.strategy.heavy();
        }
        // bug: heavy fence for each seat
        claim.existing().for_each(Seat::reach);
        claim
    }

    /// Whether all who hold seats say within a moment that they have seen the claim: the calling
    /// thread need not, and those who use pools all the time do.
    fn is_seen_by_all(&self) -> bool {
        if self.seats.strategy == Strategy::Symmetric {
            return false;
        }
        let own = seat::current().map_or(ptr::null(), ptr::from_ref);
        let mut looks = MOMENT;
        // bug: notice of one believed of all
        self.existing().filter(|&seat| !ptr::eq(seat, own) && self.vacant.is_taken(seat.id)).all(
            |seat| loop {
                if seat.has_seen() {
                    return true;
                }
                if looks == 0 {
                    return false;
                }
                // bug: notice waited for without end
                looks -= 1;
                spin_loop();
            },
        )
    }

    fn existing(&self) -> impl Iterator<Item = &Seat> {
        (0..self.vacant.made).map(|id| self.seats.get(id))
    }

    /// The ids of the seats whose shards the collector may use now.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        self.existing().filter(|seat| seat.is_reached()).map(|seat| seat.id)
    }
}

impl Claim<'_> {
    /// The seats of other threads than the one with seat `own`.
    pub(crate) fn others(&self, own: Option<usize>) -> impl Iterator<Item = Left> {
        let seats = self.existing().filter(move |seat| Some(seat.id) != own);
        let taken = seats.filter(|seat| self.vacant.is_taken(seat.id));
        // bug: half done places of the dead used
        taken.map(|seat| Left { seat: seat.id, reached: seat.is_reached() })
    }

    /// Gives those seats back, whose threads are no more.
    pub(crate) fn inherit(&mut self, own: Option<usize>) {
        for id in (0..self.vacant.made).filter(|&id| Some(id) != own) {
            self.seats.get(id).inherit();
            if self.vacant.is_taken(id) {
                self.vacant.give(id);
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
