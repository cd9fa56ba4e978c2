//! The facade: atomics, cells, locks and fences come to the rest of the crate through this folder,
//! the only one that knows about the model checkers. Excepted are locks that no model covers: those
//! that are held across a fork, and those of the table of runtimes.
//!
//! In a normal build the names are those of `std`, see `real.rs`. In a model build (`--cfg loom` or
//! `--cfg shuttle`, tests only) they are the checker's, and the asymmetric fence becomes something
//! that the checker understands: see [`LightFence`]. In a model build, and with `--cfg
//! corepool_tiny`, sizes shrink so that growth and wrap-around are in reach of a small program.

pub(crate) mod lock;
pub(crate) mod membarrier;
pub(crate) mod reclaim;

#[cfg(not(all(test, any(loom, shuttle))))]
#[path = "real.rs"]
mod imp;

#[cfg(all(test, loom))]
#[path = "../../loom-tests/facade.rs"]
mod imp;

#[cfg(all(test, shuttle))]
#[path = "../../tests/schedules/facade.rs"]
mod imp;

pub(crate) use imp::*;

/// Initialised under a lock, or with the same value by every thread: never part of a model.
pub(crate) use std::sync::OnceLock;
/// A count that orders nothing, and is no part of a model.
pub(crate) use std::sync::atomic::AtomicUsize as Untracked;
#[cfg(feature = "rt")]
pub(crate) use std::sync::atomic::Ordering::AcqRel;
pub(crate) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
