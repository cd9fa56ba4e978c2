//! The asymmetric fence: a store-load fence whose light side costs no instruction.
//!
//! On every operation an owner stores `pinned` and loads the gate. A few times a minute a collector
//! stores a claim to the gates and loads `pinned`. Both need a full fence between store and load.
//! On Linux and Windows the collector runs that fence in all threads (the heavy side), and the
//! owner's side is a compiler fence ([`LightFence::light`](crate::sync::LightFence::light)). A program
//! that can have only one thread, in WebAssembly, needs neither. Elsewhere both sides are SeqCst
//! fences.
//!
//! The kind of fence is chosen once, before the first seat exists, and never changes. A sandbox may
//! refuse `membarrier` later: see [`Claim`](super::claim::Claim).

use std::{env, sync::OnceLock};

use crate::{
    sync::{self, SeqCst, fence, heavy_fence},
    util::last_thread::has_one_thread,
};

/// The environment variable that may ask for symmetric fences, for processes in which a call of
/// `membarrier` is fatal.
const SWITCH: &str = "COREPOOL_FENCE";

#[cfg(test)]
std::thread_local! {
    /// The number of heavy fences that this thread has run.
    pub(crate) static HEAVY: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Returns whether the environment asks for symmetric fences. Reads it once.
pub(crate) fn read_switch() -> bool {
    static SYMMETRIC: OnceLock<bool> = OnceLock::new();
    // bug: switch for symmetric fences ignored
    *SYMMETRIC.get_or_init(|| env::var_os(SWITCH).is_some_and(|value| value == "symmetric"))
}

/// Which fences order pins and claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FenceKind {
    /// The light fence is a compiler fence, the heavy one is run by the system.
    Asymmetric,
    /// Both sides are SeqCst fences.
    Symmetric,
}

impl FenceKind {
    /// Returns `Asymmetric` if the system has a heavy fence, and the environment does
    /// not ask for symmetric fences.
    pub(crate) fn detect() -> Self {
        if !read_switch() && heavy_fence::is_supported() {
            Self::Asymmetric
        } else {
            Self::Symmetric
        }
    }

    /// Registers the process for `membarrier`, as the first heavy side does otherwise. In a process with
    /// other threads this takes milliseconds.
    pub(crate) fn register(self) {
        if self == Self::Asymmetric {
            heavy_fence::register();
        }
    }

    /// Registers the process if that is quick, because it has no other thread. Returns whether it is still
    /// to be registered. Then the caller starts a thread that calls [`register`](Self::register), or
    /// calls [`forget_registration`](heavy_fence::forget_registration).
    pub(crate) fn await_registration(self) -> bool {
        // bug: users register the process
        if self == Self::Asymmetric && has_one_thread() {
            heavy_fence::register();
        }
        self == Self::Asymmetric && heavy_fence::await_registration()
    }

    /// Returns whether the process is being registered, which takes milliseconds. `None` if nobody has
    /// begun.
    pub(crate) fn is_registering(self) -> Option<bool> {
        if self == Self::Symmetric { Some(false) } else { heavy_fence::is_registering() }
    }

    /// Runs the heavy side, for all seats at once. Pairs with `light`, or with the fence of
    /// `Seat::pin`. Returns false if the system refuses.
    #[must_use]
    pub(crate) fn heavy(self) -> bool {
        #[cfg(test)]
        HEAVY.set(HEAVY.get() + 1);
        match self {
            // bug: missing heavy fence
            Self::Asymmetric => sync::heavy_fence(),
            Self::Symmetric => {
                // bug: missing symmetric fence, collector
                fence(SeqCst);
                true
            }
        }
    }
}
