//! The heavy side of the asymmetric fence: a full fence in every running thread of the process, by
//! the system call `membarrier(2)` on Linux.

#![allow(dead_code, reason = "models use tokens instead")]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Returns whether the system supports the expedited form, which a process must register for.
pub(crate) fn is_supported() -> bool {
    sys::is_supported()
}

/// Nobody is about to register the process.
const UNKNOWN: usize = 0;
/// A thread of this library registers the process now, or is about to.
const AWAITED: usize = 1;
/// The process has been registered, or the system has refused.
const DONE: usize = 2;

static REGISTRATION: AtomicUsize = AtomicUsize::new(UNKNOWN);

/// Registers the process, unless that has been done. In a process with other threads this takes
/// milliseconds.
pub(crate) fn register() {
    if REGISTRATION.load(Relaxed) != DONE {
        sys::register();
        REGISTRATION.store(DONE, Relaxed);
    }
}

/// Has [`is_registering`] return true until the process is registered. Returns false if it is. The caller
/// starts a thread that calls [`register`].
pub(crate) fn await_registration() -> bool {
    let registered = REGISTRATION.load(Relaxed) == DONE;
    if !registered {
        REGISTRATION.store(AWAITED, Relaxed);
    }
    !registered
}

/// Returns whether the process is being registered. `None` if nobody has begun.
pub(crate) fn is_registering() -> Option<bool> {
    match REGISTRATION.load(Relaxed) {
        UNKNOWN => None,
        state => Some(state == AWAITED),
    }
}

/// Reverses [`await_registration`]: there is no such thread, or it is the parent's in a forked child.
pub(crate) fn forget_registration() {
    if is_registering() == Some(true) {
        REGISTRATION.store(UNKNOWN, Relaxed);
    }
}

/// Runs a full fence in every thread of the process. Returns false if the system refuses, for example
/// because the process has entered a sandbox.
pub(crate) fn heavy_fence() -> bool {
    sys::fence() || sys::register() && sys::fence()
}

#[cfg(all(target_os = "linux", not(miri)))]
mod sys {
    use libc::{c_int, c_long};

    /// Commands of membarrier(2).
    const QUERY: c_int = 0;
    const FENCE: c_int = 1 << 3; // PRIVATE_EXPEDITED
    const REGISTER: c_int = 1 << 4; // REGISTER_PRIVATE_EXPEDITED

    fn call(command: c_int) -> c_long {
        // SAFETY: the call takes three integers and accesses no memory of the process.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0 as c_int, 0 as c_int) }
    }

    pub(super) fn is_supported() -> bool {
        let known = call(QUERY);
        let needed = c_long::from(FENCE | REGISTER);
        known > 0 && known & needed == needed
    }

    pub(super) fn register() -> bool {
        call(REGISTER) == 0
    }

    pub(super) fn fence() -> bool {
        call(FENCE) == 0
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
mod sys {
    pub(super) fn is_supported() -> bool {
        false
    }

    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn fence() -> bool {
        false
    }
}
