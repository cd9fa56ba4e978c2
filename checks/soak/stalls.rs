//! Threads that lose the processor at a bad moment: a signal stops them for a while, if they are
//! inside a pin.

use std::mem::zeroed;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::ledger::Count;
use crate::local::below;
use crate::station::Station;

pub static SIGNALS: Count = Count::new();
pub static STALLS: Count = Count::new();

/// Whether this build can tell that a thread is inside a pin.
pub const TELLS: bool = cfg!(corepool_test_hooks);

/// How long to wait between two signals.
const EVERY: Duration = if TELLS { Duration::from_micros(100) } else { Duration::from_millis(20) };

#[cfg(corepool_test_hooks)]
fn is_wanted() -> bool {
    corepool::is_pinned()
}

#[cfg(not(corepool_test_hooks))]
fn is_wanted() -> bool {
    true
}

/// The handler. Nothing in it but atomics, `errno` and `nanosleep`.
extern "C" fn stall(_: libc::c_int) {
    if !is_wanted() {
        return;
    }
    STALLS.add(1);
    // Most are short: many are worth more than long ones.
    let stalls = STALLS.get();
    let millis = if stalls % 16 == 0 { 1 + stalls / 16 % 20 } else { 1 };
    let time = libc::timespec { tv_sec: 0, tv_nsec: millis as libc::c_long * 1_000_000 };
    // SAFETY: `errno` is the thread's own; the other call reads `time` only.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::nanosleep(&time, ptr::null_mut());
        *errno = before;
    }
}

/// Must be called before any thread is exposed.
pub fn install() {
    // SAFETY: a zeroed `sigaction` is one without flags and an empty mask; the handler only does what
    // handlers may.
    let done = unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = stall as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut())
    };
    assert_eq!(done, 0, "sigaction");
}

/// Sends signals to random stations until told to stop.
pub fn signal(stations: &[Station], stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        thread::sleep(EVERY);
        stations[below(stations.len())].with_thread(|thread| {
            SIGNALS.add(1);
            // SAFETY: the thread lives, as it is exposed while we look at it.
            unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        });
    }
}
