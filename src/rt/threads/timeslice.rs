//! How soon a thread that wakes up gets a processor on which others compute.
//!
//! Linux gives a processor away by the slice: 3 ms or so, and not before its next tick. Since
//! version 6.12 a thread can ask for a short one. It then gets in at once when it wakes up, and is
//! out again as soon if it goes on for longer. Elsewhere, and before that, this does nothing.

/// The shortest that there is.
#[cfg(target_os = "linux")]
const SHORT: u64 = 100_000;

/// Has the calling thread be let in at once. The threads that it starts are not.
#[cfg(target_os = "linux")]
pub(crate) fn shorten() {
    if let Some(mut attributes) = attributes() {
        attributes.sched_runtime = SHORT;
        // bug: short slice for all
        attributes.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;
        // SAFETY: the call reads the attributes, which say how large they are. It changes nothing
        // but the calling thread's slice. Where it is refused the thread is as good as before.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

/// What the scheduler knows of the calling thread, if it is one of the ordinary ones.
#[cfg(target_os = "linux")]
fn attributes() -> Option<libc::sched_attr> {
    // SAFETY: it consists of integers.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    let size = size_of_val(&attributes);
    // SAFETY: the call writes as many bytes as it is told, at most.
    let failed =
        unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) } != 0;
    let ordinary = attributes.sched_policy == libc::SCHED_OTHER as u32;
    (!failed && ordinary).then_some(attributes)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn shorten() {}

/// The slice of the calling thread, in nanoseconds, if the system tells.
#[cfg(all(test, target_os = "linux"))]
#[allow(dead_code, reason = "not for models")]
pub(crate) fn slice() -> Option<u64> {
    attributes().map(|attributes| attributes.sched_runtime).filter(|&slice| slice != 0)
}
