//! Panics that are injected, and caught again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::panicking;

use crate::ledger::{Count, violation};
use crate::local::chance;

/// Where a panic is injected.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Create,
    Recycle,
    Destructor,
    User,
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::Create, Self::Recycle, Self::Destructor, Self::User];
}

/// How many there were of each.
pub static FAULTS: [Count; Fault::ALL.len()] = [const { Count::new() }; Fault::ALL.len()];

struct Injected;

/// Panics, silently, once in `n` times. Not while the thread is panicking: that would abort.
pub fn maybe(fault: Fault, n: usize) {
    if chance(n) && !panicking() {
        FAULTS[fault as usize].add(1);
        resume_unwind(Box::new(Injected));
    }
}

/// Calls `f`, which may come back by one of our own panics.
pub fn caught(f: impl FnOnce()) {
    if let Err(cause) = catch_unwind(AssertUnwindSafe(f)) {
        if !cause.is::<Injected>() {
            violation(format_args!("a panic that nobody has injected"));
        }
    }
}
