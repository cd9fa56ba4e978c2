//! Chaos mode: what pools do at random, what they go on to promise, and what misuse they find.
//!
//! These tests are a separate binary because chaos mode is for the whole process, and for good. Those that need
//! a process without a seed run in one of their own.

mod buffers;
mod decisions;
#[cfg(all(unix, not(miri)))]
mod fork;
mod memory;
mod misuse;
#[cfg(not(miri))]
mod off;
#[cfg(not(miri))]
#[path = "../process/program.rs"]
mod program;
mod promises;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use corepool::chaos;

/// Begins a run with this seed. No other test begins one as long as the result exists.
fn run(seed: u64) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    chaos::set_seed(seed);
    alone
}

/// The seeds that a test tries.
fn seeds() -> impl Iterator<Item = u64> {
    0..if cfg!(miri) { 2 } else { 10 }
}

/// Calls `program` until it panics, and returns the message. Each call is a chance for chaos mode to find
/// misuse.
fn message(mut program: impl FnMut()) -> String {
    let chances = if cfg!(miri) { 20 } else { 1000 };
    let payload = (0..chances)
        .find_map(|_| catch_unwind(AssertUnwindSafe(&mut program)).err())
        .expect("the misuse is found");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().expect("a message").to_string(),
    }
}
