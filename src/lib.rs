#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// In reading order.
mod age;
pub mod alloc;
#[cfg(feature = "bytes")]
#[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
pub mod buffer;
mod cell;
mod chain;
mod clock;
mod collect;
mod core;
mod due;
mod fence;
mod fork;
mod guard;
mod hint;
mod janitor;
mod lazy;
mod live;
mod map;
mod memory;
mod origin;
mod owner;
mod panics;
mod pool;
mod pressure;
mod private;
mod quota;
mod reclaim;
mod ring;
#[cfg(feature = "rt")]
#[cfg_attr(docsrs, doc(cfg(feature = "rt")))]
pub mod rt;
mod seat;
mod seats;
mod shard;
mod shelf;
mod stats;
mod sync;
mod weight;

/// What must not compile, and beside each case one that must.
#[cfg(doctest)]
#[doc = include_str!("../tests/it/compile_fail.md")]
struct CompileFail;

/// The examples of the pages in `docs`.
#[cfg(doctest)]
#[doc = include_str!("../docs/memory.md")]
struct Memory;

/// As above, where there are byte buffers.
#[cfg(all(doctest, feature = "bytes"))]
#[doc = include_str!("../docs/buffers.md")]
struct Buffers;

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
pub use due::set_collect_interval;
pub use guard::{OwnedPooled, Pooled};
pub use janitor::{Janitor, JanitorBuilder, janitor};
pub use pool::Pool;
pub use pressure::{Level, Pressure};
pub use stats::Stats;
