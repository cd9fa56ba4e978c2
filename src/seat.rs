//! Seats: who am I, and may I touch my shard?
//!
//! A seat is an exclusive, dense, process-wide id, held by one thread at a time. A thread takes the
//! lowest free one at its first use of any pool and gives it back at its exit; the id then passes to
//! the next thread through a lock, so that the shards' contents pass over safely.
//!
//! # Pin against claim
//!
//! ```text
//! owner      pinned = 1;        light;  gate open?    use the shard;            pinned = 0
//! collector  gate |= CLAIMED;   heavy;  pinned == 0?  use the seat's shards;    open the gate
//! ```
//!
//! * If the owner's store comes before the heavy fence, the collector sees the seat pinned.
//! * If the heavy fence comes first, the owner sees the gate closed.
//!
//! There is no third case: one of the two stands back. `pinned = 0` and the opening of the gate are
//! Release stores, and their readers Acquire, so that each sees what the other did to the shards.
//!
//! A seat that stays pinned (its thread has lost the processor just there) is passed over and
//! marked LATE. Its owner finds the mark at the next pin and does the collector's work itself.

use std::cell::Cell;

use crate::{
    fence::Strategy,
    shard::Shard,
    sync::{
        Acquire, AtomicBool, AtomicU32, AtomicUsize, Mutex, OnceLock, Relaxed, Release, SeqCst,
        Token, fence, scaled, spin_loop,
    },
};

/// The gate, if nothing stands in the owner's way.
const OPEN: u32 = 0;
/// The fences are symmetric: the owner must run one before it trusts the gate.
const FENCED: u32 = 1;
/// A collector is at work.
const CLAIMED: u32 = 2;
/// A collector has passed this seat over.
const LATE: u32 = 4;

/// Threads that can hold seats at one time. The rest use the shelf.
pub(crate) const MAX_SEATS: usize = scaled(1 << 14, 3);

/// The seats of the first bucket; each further bucket doubles the number.
const FIRST_BUCKET: usize = scaled(64, 1);

/// Buckets for all of them.
const BUCKETS: usize = bucket(MAX_SEATS - 1, FIRST_BUCKET).0 + 1;

/// How often a collector looks whether a pinned seat has become free. An owner that is running
/// unpins within nanoseconds; one that is not is not worth waiting for.
const PATIENCE: usize = scaled(200, 1);

/// Which bucket holds item `id`, and where in it. The first holds `first` items (a power of two),
/// and each one after it as many as all before it.
pub(crate) const fn bucket(id: usize, first: usize) -> (usize, usize) {
    match (id / first).checked_ilog2() {
        None => (0, id),
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

/// One seat. On lines of its own, since its owner writes it on every operation.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Seat {
    /// The owner is using its shard.
    pinned: AtomicBool,
    gate: AtomicU32,
    pub(crate) id: usize,
    /// Where the seat's shard is among those of any pool, in bytes.
    pub(crate) offset: usize,
    /// Where the owner's next search starts.
    random: AtomicU32,
    token: Token,
}

impl Seat {
    fn new(id: usize, strategy: Strategy) -> Self {
        let gate = match strategy {
            Strategy::Asymmetric => OPEN,
            Strategy::Symmetric => FENCED,
        };
        Self {
            pinned: AtomicBool::new(false),
            gate: AtomicU32::new(gate),
            id,
            offset: id * Shard::BYTES,
            random: AtomicU32::new(id as u32 + 1),
            token: Token::new(strategy == Strategy::Asymmetric),
        }
    }

    /// The right to use the seat's shard, until the `Pin` goes. `None` while a collector has claimed
    /// the seat, while the seat is late, and always if fences are symmetric: then `pin` may do.
    ///
    /// No user code may run meanwhile.
    ///
    /// # Safety
    ///
    /// The calling thread holds the seat, and has no other `Pin`.
    #[inline(always)]
    pub(crate) unsafe fn pin_fast(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        // Acquire: pairs with the Release of `open`.
        (self.gate.load(Acquire) == OPEN).then_some(pin)
    }

    /// As `pin_fast`, with a fence of its own if fences are symmetric.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    pub(crate) unsafe fn pin(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        if self.gate.load(Relaxed) & FENCED != 0 {
            // The light side where there is no asymmetric fence.
            fence(SeqCst);
        }
        // Acquire: pairs with the Release of `open`.
        (self.gate.load(Acquire) & !FENCED == OPEN).then_some(pin)
    }

    /// The owner's half of the handshake, up to its look at the gate.
    #[inline(always)]
    fn announce(&self) -> Pin<'_> {
        // Relaxed: the fence orders it.
        self.pinned.store(true, Relaxed);
        self.token.light();
        Pin(self)
    }

    /// Whether a collector has passed the seat over, and nobody is at work now.
    pub(crate) fn is_late(&self) -> bool {
        self.gate.load(Relaxed) & (LATE | CLAIMED) == LATE
    }

    /// Takes note that the late work is done. Under the lock that collectors hold.
    pub(crate) fn caught_up(&self) {
        self.open(0);
    }

    /// Opens the gate, but for the bits in `keep`. Under the lock that collectors hold.
    fn open(&self, keep: u32) {
        // Release: pairs with the Acquire of `pin`, so that the owner sees what was done for it.
        self.gate.fetch_and(FENCED | keep, Release);
    }

    /// The next number of the owner's xorshift sequence.
    pub(crate) fn random(&self) -> u32 {
        let mut x = self.random.load(Relaxed);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.store(x, Relaxed);
        x
    }
}

/// The seat is pinned: its holder may use the seat's shards.
#[derive(Debug)]
pub(crate) struct Pin<'a>(&'a Seat);

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `Claim::new`, so that a collector sees what we did.
        self.0.pinned.store(false, Release);
    }
}

/// All seats of a process (or of a model).
#[derive(Debug)]
pub(crate) struct Seats {
    strategy: Strategy,
    limit: usize,
    buckets: [OnceLock<Box<[Seat]>>; BUCKETS],
    /// Seats that exist: ids below this.
    made: AtomicUsize,
    vacant: Mutex<Vacant>,
}

/// The free ids. A bit for each seat, so that giving one back allocates nothing.
#[derive(Debug)]
struct Vacant {
    taken: Vec<u64>,
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
        self.taken[full] |= 1 << (id % 64);
        Some(id)
    }

    fn give(&mut self, id: usize) {
        debug_assert!(self.taken[id / 64] & 1 << (id % 64) != 0);
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
            made: AtomicUsize::new(0),
            vacant: Mutex::new(Vacant { taken: Vec::new() }),
        }
    }

    /// The seats of this process.
    pub(crate) fn process() -> &'static Self {
        static SEATS: OnceLock<Seats> = OnceLock::new();
        SEATS.get_or_init(|| Self::new(Strategy::detect(), MAX_SEATS))
    }

    fn get(&self, id: usize) -> &Seat {
        let (index, offset) = bucket(id, FIRST_BUCKET);
        let seats = self.buckets[index].get_or_init(|| {
            let len = bucket_len(index, FIRST_BUCKET);
            let base = id - offset;
            (base..base + len).map(|id| Seat::new(id, self.strategy)).collect()
        });
        &seats[offset]
    }

    /// The lowest free seat, or `None` if all are taken. It is the caller's until `leave`.
    pub(crate) fn join(&self) -> Option<&Seat> {
        let mut vacant = lock(&self.vacant);
        let id = vacant.take(self.limit)?;
        let seat = self.get(id);
        if id >= self.made.load(Relaxed) {
            // Release: pairs with the Acquire of `iter`, for the seat itself.
            self.made.store(id + 1, Release);
        }
        Some(seat)
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

    fn iter(&self) -> impl Iterator<Item = &Seat> {
        (0..self.made.load(Acquire)).map(|id| self.get(id))
    }
}

/// A collector's hold on the seats that existed when it began.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    seats: &'a Seats,
    len: usize,
}

impl<'a> Claim<'a> {
    /// Claims every seat and waits, for a bounded time, for the pinned ones.
    ///
    /// # Safety
    ///
    /// There is one `Claim` at a time: collectors hold a lock.
    pub(crate) unsafe fn new(seats: &'a Seats) -> Self {
        let len = seats.made.load(Acquire);
        for seat in seats.iter().take(len) {
            // Relaxed: the heavy fence orders it.
            seat.gate.fetch_or(CLAIMED, Relaxed);
        }
        for seat in seats.iter().take(len) {
            seat.token.heavy();
        }
        seats.strategy.heavy();
        for seat in seats.iter().take(len) {
            // Acquire: pairs with the Release of `Pin::drop`.
            let free = (0..PATIENCE).any(|_| {
                let free = !seat.pinned.load(Acquire);
                if !free {
                    spin_loop();
                }
                free
            });
            if free {
                seat.gate.fetch_and(!LATE, Relaxed);
            } else {
                seat.gate.fetch_or(LATE, Relaxed);
            }
        }
        Self { seats, len }
    }

    /// The ids of the seats whose shards the collector may use now.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        let seats = self.seats.iter().take(self.len);
        seats.filter(|seat| seat.gate.load(Relaxed) & LATE == 0).map(|seat| seat.id)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        for seat in self.seats.iter().take(self.len) {
            seat.open(LATE);
        }
    }
}

thread_local! {
    /// The seat of this thread, or null. Without a destructor, so that reading it is one load.
    static SEAT: Cell<*const Seat> = const { Cell::new(std::ptr::null()) };
    /// Gives the seat back. Touched at registration only.
    static TENANCY: Tenancy = const { Tenancy };
}

struct Tenancy;

impl Drop for Tenancy {
    fn drop(&mut self) {
        if let Some(seat) = current() {
            SEAT.set(std::ptr::null());
            crate::collect::vacate(seat);
            // SAFETY: this thread held it, and has just forgotten it.
            unsafe { Seats::process().leave(seat) };
        }
    }
}

/// The seat of this thread, if it has one.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Seat> {
    // SAFETY: seats are never freed.
    unsafe { SEAT.get().as_ref() }
}

/// The seat of this thread, a new one if need be. `None` if there is none left, and in a thread
/// whose thread-locals are going.
pub(crate) fn current_or_join() -> Option<&'static Seat> {
    current().or_else(|| {
        TENANCY.try_with(|_| ()).ok()?;
        let seat = Seats::process().join()?;
        SEAT.set(seat);
        Some(seat)
    })
}

/// The lock, also if a thread has panicked in it: nothing is done in our locks that could be left
/// half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> crate::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
