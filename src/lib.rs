#![doc = include_str!("../README.md")]
// In reading order.
mod age;
mod cell;
mod chain;
mod collect;
mod core;
mod fence;
mod guard;
mod lazy;
mod owner;
mod panics;
mod pool;
mod quota;
mod reclaim;
mod ring;
mod seat;
mod seats;
mod segment;
mod shard;
mod shelf;
mod stats;
mod sync;

/// What must not compile, and beside each case one that must.
#[cfg(doctest)]
#[doc = include_str!("../tests/it/compile_fail.md")]
struct CompileFail;

pub use collect::collect;
pub use guard::{OwnedPooled, Pooled};
pub use pool::Pool;
pub use stats::Stats;
