#![doc = include_str!("../README.md")]
// In reading order.
mod age;
mod cell;
mod chain;
mod collect;
mod core;
mod fence;
mod fork;
mod guard;
mod hint;
mod lazy;
mod map;
mod memory;
mod owner;
mod panics;
mod pool;
mod private;
mod quota;
mod reclaim;
mod ring;
#[cfg(feature = "rt")]
pub mod rt;
mod seat;
mod seats;
mod shard;
mod shelf;
mod stats;
mod sync;

/// What must not compile, and beside each case one that must.
#[cfg(doctest)]
#[doc = include_str!("../tests/it/compile_fail.md")]
struct CompileFail;

/// Whether the calling thread is inside a pin: for the soak, which stops threads there.
#[cfg(corepool_doors)]
#[doc(hidden)]
pub fn is_pinned() -> bool {
    seat::current().is_some_and(seat::Seat::is_pinned)
}

/// Programs for the fuzzer: see `tests/programs`.
#[cfg(fuzzing)]
#[doc(hidden)]
pub use sync::programs;

pub use collect::collect;
pub use guard::{OwnedPooled, Pooled};
pub use pool::Pool;
pub use stats::Stats;
