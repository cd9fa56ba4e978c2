//! Light and heavy: a store-load fence of which one side is free.
//!
//! An owner announces itself and looks for a claim on every operation; a collector claims and looks
//! for owners a few times a minute. Both need a full fence between their store and their load. With
//! Linux's `membarrier` the collector runs it for everybody: the owner's side shrinks to a compiler
//! fence ([`Token::light`](crate::sync::Token::light)). Elsewhere both sides are SeqCst fences.
//!
//! The choice is made once, before the first seat exists, and never changes.

use std::io::Write;

use crate::sync::{SeqCst, fence};

#[cfg(test)]
std::thread_local! {
    /// Heavy fences of this thread.
    pub(crate) static HEAVY: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How owners and collectors see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Light is a compiler fence, heavy is `membarrier`.
    Asymmetric,
    /// Both are SeqCst fences.
    Symmetric,
}

impl Strategy {
    /// Asks the system, and registers the process for the fast form of `membarrier`.
    pub(crate) fn detect() -> Self {
        if sys::register() { Self::Asymmetric } else { Self::Symmetric }
    }

    /// Registers a child process as its parent was.
    pub(crate) fn again(self) {
        if self == Self::Asymmetric {
            sys::register();
        }
    }

    /// The heavy side, for every seat at once.
    pub(crate) fn heavy(self) {
        #[cfg(test)]
        HEAVY.set(HEAVY.get() + 1);
        match self {
            // bug: missing heavy fence
            Self::Asymmetric => crate::sync::membarrier(),
            // bug: missing symmetric fence, collector
            Self::Symmetric => fence(SeqCst),
        }
    }
}

/// A full fence in every thread of the process.
///
/// Aborts if the system refuses what it has registered: owners then run without a fence, and there
/// is no safe way on.
#[allow(dead_code, reason = "models have tokens in its place")]
pub(crate) fn membarrier() {
    if !sys::membarrier() {
        // Not `eprintln!`, which may panic.
        let _ = writeln!(std::io::stderr(), "corepool: membarrier failed after its registration");
        std::process::abort();
    }
}

#[cfg(target_os = "linux")]
mod sys {
    use libc::{c_int, c_long};

    /// Commands of membarrier(2).
    const QUERY: c_int = 0;
    const FENCE: c_int = 1 << 3; // PRIVATE_EXPEDITED
    const REGISTER: c_int = 1 << 4; // REGISTER_PRIVATE_EXPEDITED

    fn call(command: c_int) -> c_long {
        // SAFETY: the call takes three integers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0 as c_int, 0 as c_int) }
    }

    pub(super) fn register() -> bool {
        let known = call(QUERY);
        let needed = c_long::from(FENCE | REGISTER);
        known > 0 && known & needed == needed && call(REGISTER) == 0 && membarrier()
    }

    pub(super) fn membarrier() -> bool {
        call(FENCE) == 0
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn membarrier() -> bool {
        false
    }
}
