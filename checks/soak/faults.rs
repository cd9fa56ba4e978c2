//! Panics that the soak injects and catches.

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

/// The number of injected panics of each kind.
pub static FAULTS: [Count; Fault::ALL.len()] = [const { Count::new() }; Fault::ALL.len()];

struct Injected;

/// Panics, silently, once in `n` calls. Does nothing while the thread is panicking: a second panic
/// would abort.
pub fn maybe(fault: Fault, n: usize) {
    if chance(n) && !panicking() {
        FAULTS[fault as usize].add(1);
        resume_unwind(Box::new(Injected));
    }
}

/// Calls `f`, which may unwind with an injected panic.
pub fn caught(f: impl FnOnce()) {
    if let Err(cause) = catch_unwind(AssertUnwindSafe(f)) {
        if !cause.is::<Injected>() {
            violation(format_args!("an unexpected panic"));
        }
    }
}
