//! The heavy side of the asymmetric fence: a full fence in every running thread of the process.
//!
//! Each way to run one has a file of its own, with the same items. Where there is none, and under
//! Miri, `sys.rs` says so, and the fences are symmetric.

#![allow(dead_code, reason = "models use tokens instead")]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg_attr(all(target_os = "linux", not(miri)), path = "heavy_fence/linux.rs")]
#[cfg_attr(all(windows, not(miri)), path = "heavy_fence/windows.rs")]
#[cfg_attr(
    all(target_family = "wasm", not(target_feature = "atomics")),
    path = "heavy_fence/one_thread.rs"
)]
mod sys;

/// Returns whether the system has such a fence.
pub(crate) fn is_supported() -> bool {
    sys::is_supported()
}

/// Nobody is about to register the process.
const UNKNOWN: usize = 0;
/// A thread of this library registers the process now, or is about to.
const AWAITED: usize = 1;
/// The process has been registered, or the system has refused.
const DONE: usize = 2;

static REGISTRATION: AtomicUsize =
    AtomicUsize::new(if sys::MUST_REGISTER { UNKNOWN } else { DONE });

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
