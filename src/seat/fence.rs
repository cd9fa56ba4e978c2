//! Light and heavy: a store-load fence of which one side is free.
//!
//! An owner announces itself and looks for a claim on every operation; a collector claims and looks
//! for owners a few times a minute. Both need a full fence between their store and their load. With
//! Linux's `membarrier` the collector runs it for everybody: the owner's side shrinks to a compiler
//! fence ([`LightFence::light`](crate::sync::LightFence::light)). Elsewhere both sides are SeqCst fences.
//!
//! The choice is made once, before the first seat exists, and never changes.

use crate::sync::{self, SeqCst, fence, membarrier};

#[cfg(test)]
std::thread_local! {
    /// Heavy fences of this thread.
    pub(crate) static HEAVY: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How owners and collectors see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FenceKind {
    /// Light is a compiler fence, heavy is `membarrier`.
    Asymmetric,
    /// Both are SeqCst fences.
    Symmetric,
}

impl FenceKind {
    /// Asks the system, and registers the process for the fast form of `membarrier`.
    pub(crate) fn detect() -> Self {
        if membarrier::register() { Self::Asymmetric } else { Self::Symmetric }
    }

    /// Registers a child process as its parent was.
    pub(crate) fn register_child(self) {
        if self == Self::Asymmetric {
            membarrier::register();
        }
    }

    /// The heavy side, for every seat at once.
    pub(crate) fn heavy(self) {
        #[cfg(test)]
        HEAVY.set(HEAVY.get() + 1);
        match self {
            // bug: missing heavy fence
            Self::Asymmetric => sync::membarrier(),
            // bug: missing symmetric fence, collector
            Self::Symmetric => fence(SeqCst),
        }
    }
}
