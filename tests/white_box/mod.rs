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
#[cfg(all(feature = "metrics", feature = "rt", target_os = "linux", not(miri)))]
#[path = "../process/fork.rs"]
mod child_process;
mod evidence;
mod fences;
mod fork;
mod late;
#[cfg(all(feature = "metrics", feature = "rt", target_os = "linux", not(miri)))]
mod metrics;
#[cfg(all(feature = "net", unix, not(miri)))]
mod net;
mod objects;
mod occupancy;
mod on_heap;
mod per_seat;
#[cfg(target_os = "linux")]
mod pressure;
mod quota;
mod ring;
#[path = "../common/rng.rs"]
mod rng;
#[cfg(feature = "rt")]
mod rt;
mod schedule;
mod seats;
mod shard;
#[cfg(unix)]
mod stopped;
mod test_pool;
mod thieves;
mod weighed;
mod wrapped;

use std::{
    sync::atomic::{AtomicBool, Ordering::Release},
    thread,
    time::{Duration, Instant},
};

use rng::Rng;

/// Returns `many`, or `few` under Miri, which is hundreds of times slower than other builds. With small
/// sizes, which is how sanitizers run the tests, thousands are divided by 4.
const fn repeat(many: usize, few: usize) -> usize {
    match many {
        _ if cfg!(miri) => few,
        1000.. if cfg!(corepool_tiny) => many / 4,
        _ => many,
    }
}

/// The number of rounds of a stress test.
const ROUNDS: usize = repeat(if cfg!(debug_assertions) { 20_000 } else { 200_000 }, 30);

/// A time limit for a wait, which fails instead of lasting without end.
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now() + Duration::from_secs(300))
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
