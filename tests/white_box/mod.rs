//! Tests of the parts. They are inside the crate because they need private items: behaviour that
//! the public interface hides, or reaches too rarely. The models in `loom-tests` check the same
//! code for every interleaving of a few steps; these tests run it at full size, on real threads.

#[allow(clippy::duplicate_mod, reason = "a part of each suite")]
#[path = "../common/steps.rs"]
mod steps;

mod ageing;
#[cfg(feature = "bytes")]
mod buffers;
mod cell;
mod chain;
mod fences;
mod fork;
mod late;
mod objects;
#[cfg(target_os = "linux")]
mod pressure;
mod quota;
mod ring;
#[cfg(feature = "rt")]
mod rt;
mod schedule;
mod seats;
mod shard;
#[cfg(unix)]
mod stopped;
mod test_pool;
mod thieves;

use std::{
    sync::atomic::{AtomicBool, Ordering::Release},
    thread,
    time::{Duration, Instant},
};

/// The number of rounds of a stress test.
const ROUNDS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };

/// A xorshift generator, so that a test makes the same choices in every run.
struct Rng(u64);

impl Rng {
    fn new(seed: usize) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (seed as u64 + 1))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % n
    }
}

/// A time limit for a wait, which fails instead of lasting without end.
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now() + Duration::from_secs(20))
    }

    fn wait(&self) {
        assert!(Instant::now() < self.0, "stuck");
        thread::yield_now();
    }
}

/// Sets a flag when it is dropped, even by a panic, so that no other thread waits without end.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        // Release: a thread that sees the flag sees the writes before.
        self.0.store(true, Release);
    }
}
