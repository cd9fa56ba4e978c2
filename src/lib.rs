#![cfg_attr(doc, doc = "[guide-buffers]: crate::guide::buffers")]
#![cfg_attr(doc, doc = "[guide-choosing]: crate::guide::choosing")]
#![cfg_attr(doc, doc = "[guide-coming-from]: crate::guide::coming_from")]
#![cfg_attr(doc, doc = "[guide-errors]: crate::guide::errors")]
#![cfg_attr(doc, doc = "[guide-fork]: crate::guide::fork")]
#![cfg_attr(doc, doc = "[guide-limits]: crate::guide::limits")]
#![cfg_attr(doc, doc = "[guide-memory]: crate::guide::memory")]
#![cfg_attr(doc, doc = "[guide-observability]: crate::guide::observability")]
#![cfg_attr(doc, doc = "[guide-other-crates]: crate::guide::other_crates")]
#![cfg_attr(doc, doc = "[guide-platforms]: crate::guide::platforms")]
#![cfg_attr(doc, doc = "[guide-runtime]: crate::guide::runtime")]
#![cfg_attr(doc, doc = "[guide-sandboxes]: crate::guide::sandboxes")]
#![cfg_attr(doc, doc = "[guide-statics]: crate::guide::statics")]
#![cfg_attr(doc, doc = "[guide-testing]: crate::guide::testing")]
#![cfg_attr(doc, doc = "[guide-threads]: crate::guide::threads")]
#![cfg_attr(doc, doc = "[design]: crate::design")]
#![cfg_attr(doc, doc = "[design-checks]: crate::design::checks")]
#![cfg_attr(doc, doc = "[benchmarks]: crate::guide::repository")]
#![cfg_attr(doc, doc = "[contributing]: crate::guide::repository")]
#![cfg_attr(doc, doc = "[examples]: crate::guide::repository")]
#![cfg_attr(doc, doc = "[tests]: crate::guide::repository")]
#![cfg_attr(doc, doc = include_str!("../docs/pictures/design.md"))]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The pools that `model` replaces are still compiled: buffers use them.
#![cfg_attr(
    all(not(test), any(all(loom, feature = "loom"), all(shuttle, feature = "shuttle"))),
    allow(dead_code, unreachable_pub, clippy::wrong_self_convention)
)]
// In reading order, from the ground up. A file imports only from its own folder and from the
// folders listed before it; `ci/layers` checks that.
mod sync;

mod util;

mod trace;

mod containers;

mod seat;

mod shard;

#[cfg(feature = "chaos")]
#[cfg_attr(docsrs, doc(cfg(feature = "chaos")))]
pub mod chaos;

mod chaos_mode;

mod collect;

mod per_seat;

mod pool;

#[cfg(all(not(test), any(all(loom, feature = "loom"), all(shuttle, feature = "shuttle"))))]
mod model;

pub mod alloc;

#[cfg(feature = "bytes")]
#[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
pub mod buffer;

#[cfg(all(feature = "rt", not(target_family = "wasm")))]
#[cfg_attr(docsrs, doc(cfg(feature = "rt")))]
pub mod rt;

#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub mod metrics;

#[cfg(all(feature = "rt", target_family = "wasm"))]
compile_error!(
    "corepool's features `rt` and `net` need threads, which WebAssembly does not have: disable them there"
);

#[cfg(any(test, corepool_fuzzing))]
mod tests;

#[cfg(any(doc, doctest))]
mod docs;
#[cfg(any(doc, doctest))]
pub use docs::{design, guide};

/// Programs that must not compile, each beside one that must.
#[cfg(doctest)]
#[doc = include_str!("../tests/it/compile_fail.md")]
struct CompileFail;

/// Returns whether the calling thread is inside a pin. The soak uses it to stop threads there.
#[cfg(corepool_test_hooks)]
#[doc(hidden)]
pub fn is_pinned() -> bool {
    seat::current::current().is_some_and(seat::seat::Seat::is_pinned)
}

/// The programs that the fuzzer runs: see `tests/programs`.
#[cfg(corepool_fuzzing)]
#[doc(hidden)]
pub use tests::programs;

pub use collect::{
    init::init,
    janitor::{Janitor, JanitorBuilder, janitor},
    on_collect::{OnCollect, on_collect},
    poll::set_collect_interval,
    pressure::{Level, Pressure},
};
pub use per_seat::{per_seat::PerSeat, with_seat::with_seat};
pub use pool::{
    manage::Manage,
    scope::{Scope, Scoped, Static},
    stats::Stats,
};

#[cfg(all(not(test), any(all(loom, feature = "loom"), all(shuttle, feature = "shuttle"))))]
pub use model::{
    collect::collect,
    guards::{OwnedPooled, Pooled},
    of::of,
    pool::Pool,
};
#[cfg(not(all(
    not(test),
    any(all(loom, feature = "loom"), all(shuttle, feature = "shuttle"))
)))]
pub use {
    collect::schedule::collect,
    pool::{of::of, owned::OwnedPooled, pool::Pool, pooled::Pooled},
};
