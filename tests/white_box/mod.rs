//! Tests of the parts, through the crate's own doors: behaviour that the public face hides, or
//! reaches too seldom. The models in `loom-tests` check the same code for every interleaving of a
//! few steps; these run it at full size, on real threads.

mod ageing;
#[cfg(feature = "bytes")]
mod buffers;
mod cell;
mod chain;
mod due;
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
mod seats;
mod shard;
#[cfg(unix)]
mod stopped;
mod thieves;
mod world;

use std::{
    sync::atomic::{AtomicBool, Ordering::Release},
    thread,
    time::{Duration, Instant},
};

/// How often a stress does what it does.
const ROUNDS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };

/// A small xorshift, so that a test meets the same choices in every run.
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

/// A wait that fails where it would last for ever.
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

/// Sets a flag when it goes, also by a panic, so that no other thread waits for ever.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        // Release: whoever sees the flag sees what was done before.
        self.0.store(true, Release);
    }
}
