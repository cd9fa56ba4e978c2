//! Time, as coarse as it is cheap.

/// Milliseconds since some moment, never 0. They may wrap.
pub(crate) fn millis() -> usize {
    imp::millis().max(1)
}

/// Milliseconds from then till now, and 0 if that is about to come: not all threads see a moment at
/// the same time.
pub(crate) fn since(then: usize) -> usize {
    const ABOUT: usize = 1000;
    let time = millis().wrapping_sub(then);
    // bug: time that is long ago before it begins
    if time > usize::MAX - ABOUT { 0 } else { time }
}

#[cfg(target_os = "linux")]
mod imp {
    /// What the system notes at each of its ticks: no system call, and no look at a counter.
    pub(super) fn millis() -> usize {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the place is ours. Every Linux since 2.6.32 has this clock.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
        (now.tv_sec as usize).wrapping_mul(1000).wrapping_add(now.tv_nsec as usize / 1_000_000)
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::{sync::OnceLock, time::Instant};

    pub(super) fn millis() -> usize {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_millis() as usize + 1
    }
}
