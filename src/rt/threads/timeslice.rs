//! How soon a thread that wakes up gets a processor on which other threads compute.
//!
//! Linux takes a processor from a thread when its slice is over: after about 3 ms, at the next
//! tick. Since version 6.12 a thread can request a short slice. Such a thread gets a processor at
//! once when it wakes up, and loses it at the end of the short slice. On other systems and older
//! versions, and under Miri, this file does nothing.

/// The shortest slice that Linux accepts, in nanoseconds.
#[cfg(all(target_os = "linux", not(miri)))]
const SHORT: u64 = 100_000;

/// Requests the shortest slice for the calling thread, so that it runs promptly when it wakes up.
/// The threads that it starts do not inherit that.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn request_short_slice() {
    if let Some(mut attributes) = attributes() {
        attributes.sched_runtime = SHORT;
        // bug: short slice inherited by started threads
        attributes.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;
        // SAFETY: the call reads the attributes, whose first field is their size. It changes only
        // the calling thread's slice. If it is refused, nothing changes.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

/// Returns the scheduling attributes of the calling thread, if its policy is the default one.
#[cfg(all(target_os = "linux", not(miri)))]
fn attributes() -> Option<libc::sched_attr> {
    // SAFETY: the struct consists of integers.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    let size = size_of_val(&attributes);
    // SAFETY: the call writes at most `size` bytes.
    let failed =
        unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) } != 0;
    let ordinary = attributes.sched_policy == libc::SCHED_OTHER as u32;
    (!failed && ordinary).then_some(attributes)
}

#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn request_short_slice() {}

/// Returns the slice of the calling thread in nanoseconds, if the system reports it.
#[cfg(all(test, target_os = "linux", not(miri)))]
#[allow(dead_code, reason = "not for models")]
pub(crate) fn timeslice() -> Option<u64> {
    attributes().map(|attributes| attributes.sched_runtime).filter(|&slice| slice != 0)
}
