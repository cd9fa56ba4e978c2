//! The facade: the rest of the crate imports its atomics, cells, locks and fences from this folder,
//! the only one that knows about the model checkers. No model covers forks, the table of runtimes, or
//! `Once`: those use `std` itself.
//!
//! In a normal build the names are those of `std`: see `imp.rs`. In a model build (`--cfg loom` or
//! `--cfg shuttle`, tests only) they are the checker's, and the asymmetric fence is expressed by
//! operations that the checker understands: see [`LightFence`]. In a model build, and with
//! `--cfg corepool_tiny`, sizes shrink so that a small program reaches growth and wrap-around.

pub(crate) mod heavy_fence;
pub(crate) mod lock;
#[cfg(not(all(test, any(loom, shuttle))))]
mod native_thread;
#[cfg(miri)]
mod quiescence;
pub(crate) mod reclaim;

#[cfg(not(all(test, any(loom, shuttle))))]
mod imp;

#[cfg(all(test, loom))]
#[path = "../../loom-tests/facade.rs"]
mod imp;

#[cfg(all(test, shuttle))]
#[path = "../../tests/schedules/facade.rs"]
mod imp;

pub(crate) use imp::*;
#[cfg(miri)]
pub(crate) use quiescence::{EpochGuard, pin_epoch};
#[cfg(not(any(miri, all(test, any(loom, shuttle)))))]
pub(crate) use reclaim::{EpochGuard, pin_epoch};

/// Not modelled: it is initialised under a lock, or every thread initialises it with the same
/// value.
pub(crate) use std::sync::OnceLock;
/// An atomic that orders nothing and is not modelled.
pub(crate) use std::sync::atomic::AtomicUsize as Untracked;
pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
