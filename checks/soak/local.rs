//! What each thread has of its own. Nothing here has a destructor, so that all of it works in hooks
//! and while thread-locals go.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::ledger::Count;
use crate::station::Station;

/// What a thread may do to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Get,
    TryGet,
    GetOwned,
    Back,
    Take,
    TryTake,
    Put,
    Detach,
    Discard,
    Forget,
    Reserve,
    Trim,
    Clear,
    Collect,
    Stats,
    New,
    Close,
}

impl Op {
    pub const ALL: [Self; 17] = [
        Self::Get,
        Self::TryGet,
        Self::GetOwned,
        Self::Back,
        Self::Take,
        Self::TryTake,
        Self::Put,
        Self::Detach,
        Self::Discard,
        Self::Forget,
        Self::Reserve,
        Self::Trim,
        Self::Clear,
        Self::Collect,
        Self::Stats,
        Self::New,
        Self::Close,
    ];
}

thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(0x9E37_79B9_7F4A_7C15) };
    static ME: Cell<u64> = const { Cell::new(0) };
    static PLAIN: Cell<bool> = const { Cell::new(false) };
    static STATION: Cell<Option<&'static Station>> = const { Cell::new(None) };
    static COUNTS: [Cell<u64>; Op::ALL.len()] = const { [const { Cell::new(0) }; Op::ALL.len()] };
}

/// The counts of all threads, up to their last `flush`.
pub static TOTALS: [Count; Op::ALL.len()] = [const { Count::new() }; Op::ALL.len()];

/// A thread begins at a station, with random numbers of its own.
pub fn begin(station: &'static Station, seed: u64) {
    STATION.set(Some(station));
    RANDOM.set(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
}

/// The number of this thread, from 1 on.
pub fn me() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if ME.get() == 0 {
        ME.set(NEXT.fetch_add(1, Relaxed));
    }
    ME.get()
}

/// Whether this thread keeps away from read-modify-writes just now.
pub fn is_plain() -> bool {
    PLAIN.get()
}

pub fn set_plain(plain: bool) {
    PLAIN.set(plain);
}

pub fn random() -> u64 {
    let mut x = RANDOM.get();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    RANDOM.set(x);
    x
}

pub fn below(n: usize) -> usize {
    (random() >> 32) as usize % n
}

/// Once in `n` times.
pub fn chance(n: usize) -> bool {
    below(n) == 0
}

/// Tells the watchdog which pool comes next.
pub fn turn_to(pool: usize) {
    if let Some(station) = STATION.get() {
        station.pool.store(pool, Relaxed);
    }
}

/// Counts an operation that is about to be done, and tells the watchdog.
pub fn count(op: Op) {
    COUNTS.with(|counts| {
        let count = &counts[op as usize];
        count.set(count.get() + 1);
    });
    if let Some(station) = STATION.get() {
        station.op.store(op as usize, Relaxed);
    }
}

/// Adds this thread's counts to those of all.
pub fn flush() {
    COUNTS.with(|counts| {
        for (count, total) in counts.iter().zip(&TOTALS) {
            total.add(count.take());
        }
    });
}
