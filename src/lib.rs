#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// In reading order, from the ground up: a file imports only from its own folder and from the folders
// listed before it. `ci/layers` checks that.
mod sync;

mod util;

mod containers;

mod seat;

mod shard;

mod collect;

mod pool;

pub mod alloc;

#[cfg(feature = "bytes")]
#[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
pub mod buffer;

#[cfg(feature = "rt")]
#[cfg_attr(docsrs, doc(cfg(feature = "rt")))]
pub mod rt;

#[cfg(any(test, fuzzing))]
mod tests;

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

/// Returns whether the calling thread is inside a pin. For the soak, which stops threads there.
#[cfg(corepool_test_hooks)]
#[doc(hidden)]
pub fn is_pinned() -> bool {
    seat::current::current().is_some_and(seat::seat::Seat::is_pinned)
}

/// Programs for the fuzzer: see `tests/programs`.
#[cfg(fuzzing)]
#[doc(hidden)]
pub use tests::programs;

pub use collect::{
    janitor::{Janitor, JanitorBuilder, janitor},
    pressure::{Level, Pressure},
    schedule::{collect, set_collect_interval},
};
pub use pool::{Pool, guard::Pooled, owned::OwnedPooled};
pub use util::counters::Stats;
