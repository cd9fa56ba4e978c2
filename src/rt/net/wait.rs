//! Waiting for less than a millisecond. On Linux, mio's timeouts are whole milliseconds, rounded up.

use std::time::Duration;

use mio::Poll;

/// Longer timeouts may be a millisecond longer.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONG: Duration = Duration::from_secs(1);

/// Waits until `poll` has events, for at most `timeout`. Returns how long the call of `poll` that
/// follows has to wait: it may be that this function has waited for nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn wait(poll: &Poll, timeout: Option<Duration>) -> Option<Duration> {
    use std::os::fd::AsRawFd;

    let short = timeout.filter(|timeout| !timeout.is_zero() && *timeout < LONG);
    let Some(short) = short else { return timeout };
    let mut poll = libc::pollfd { fd: poll.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the struct consists of integers.
    let mut limit: libc::timespec = unsafe { std::mem::zeroed() };
    limit.tv_sec = 0;
    limit.tv_nsec = short.subsec_nanos() as _;
    // SAFETY: the pointers are valid, and there is no signal mask. If a signal ends the wait, the
    // caller's caller waits again.
    unsafe { libc::ppoll(&raw mut poll, 1, &raw const limit, std::ptr::null()) };
    Some(Duration::ZERO)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn wait(_: &Poll, timeout: Option<Duration>) -> Option<Duration> {
    timeout
}
