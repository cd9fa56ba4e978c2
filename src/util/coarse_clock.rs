//! A coarse, cheap monotonic clock.

/// Returns the milliseconds since a fixed moment, at least 1. The number wraps: after 49 days, if words
/// have 32 bits. A time longer ago than that seems shorter, so a collect that was due comes later.
pub(crate) fn millis() -> usize {
    imp::millis().max(1)
}

/// Returns the milliseconds since `then`, or 0 if `then` is slightly in the future: the coarse
/// clocks that threads read may differ.
pub(crate) fn since(then: usize) -> usize {
    // A difference above `usize::MAX - ABOUT` means that `then` is in the future.
    const ABOUT: usize = 1000;
    let time = millis().wrapping_sub(then);
    // bug: near future taken for long ago
    if time > usize::MAX - ABOUT { 0 } else { time }
}

#[cfg(target_os = "linux")]
mod imp {
    /// The time that the kernel stored at its last tick: no system call, and no read of a counter.
    pub(super) fn millis() -> usize {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `now` is a local variable. Every Linux since 2.6.32 has this clock.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
        (now.tv_sec as usize).wrapping_mul(1000).wrapping_add(now.tv_nsec as usize / 1_000_000)
    }
}

/// A WebAssembly module that runs in no known system has no clock: `Instant` panics there.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod imp {
    /// Time stands still, so the clock requests no collects.
    pub(super) fn millis() -> usize {
        1
    }
}

#[cfg(not(any(target_os = "linux", all(target_family = "wasm", target_os = "unknown"))))]
mod imp {
    use std::{sync::OnceLock, time::Instant};

    pub(super) fn millis() -> usize {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_millis() as usize + 1
    }
}
