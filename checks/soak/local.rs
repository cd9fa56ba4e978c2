//! Thread-local state. Nothing here has a destructor, so all of it works in hooks and while
//! thread-locals are destroyed.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::ledger::Count;
use crate::slot::ThreadSlot;

/// The operations on pools.
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
    static SLOT: Cell<Option<&'static ThreadSlot>> = const { Cell::new(None) };
    static COUNTS: [Cell<u64>; Op::ALL.len()] = const { [const { Cell::new(0) }; Op::ALL.len()] };
}

/// The counts of all threads, up to their last `flush`.
pub static TOTALS: [Count; Op::ALL.len()] = [const { Count::new() }; Op::ALL.len()];

/// Starts the calling thread in `slot`, with random numbers from `seed`.
pub fn begin(slot: &'static ThreadSlot, seed: u64) {
    SLOT.set(Some(slot));
    RANDOM.set(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
}

/// Returns the number of this thread. Numbers start at 1.
pub fn me() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if ME.get() == 0 {
        ME.set(NEXT.fetch_add(1, Relaxed));
    }
    ME.get()
}

/// Whether this thread currently avoids read-modify-writes.
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

/// Returns true once in `n` calls, on average.
pub fn chance(n: usize) -> bool {
    below(n) == 0
}

/// Reports to the watchdog which pool is used next.
pub fn turn_to(pool: usize) {
    if let Some(slot) = SLOT.get() {
        slot.pool.store(pool, Relaxed);
    }
}

/// Counts an operation that is about to run, and reports it to the watchdog.
pub fn count(op: Op) {
    COUNTS.with(|counts| {
        let count = &counts[op as usize];
        count.set(count.get() + 1);
    });
    if let Some(slot) = SLOT.get() {
        slot.op.store(op as usize, Relaxed);
    }
}

/// Adds this thread's counts to `TOTALS`.
pub fn flush() {
    COUNTS.with(|counts| {
        for (count, total) in counts.iter().zip(&TOTALS) {
            total.add(count.take());
        }
    });
}
