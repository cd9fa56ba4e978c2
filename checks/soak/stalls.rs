//! Stands for preemption at a bad moment: a signal stops a thread for a while, if it is inside a
//! pin.

use std::mem::zeroed;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::ledger::Count;
use crate::local::below;
use crate::slot::ThreadSlot;

pub static SIGNALS: Count = Count::new();
pub static STALLS: Count = Count::new();

/// Whether this build knows that a thread is inside a pin.
pub const KNOWS_PINS: bool = cfg!(corepool_test_hooks);

/// The time between two signals.
const EVERY: Duration =
    if KNOWS_PINS { Duration::from_micros(100) } else { Duration::from_millis(20) };

#[cfg(corepool_test_hooks)]
fn is_wanted() -> bool {
    corepool::is_pinned()
}

#[cfg(not(corepool_test_hooks))]
fn is_wanted() -> bool {
    true
}

/// The signal handler. It uses only atomics, `errno` and `nanosleep`.
extern "C" fn stall(_: libc::c_int) {
    if !is_wanted() {
        return;
    }
    STALLS.add(1);
    // Most stalls are short: many short stalls find more errors than few long ones.
    let stalls = STALLS.get();
    let millis = if stalls % 16 == 0 { 1 + stalls / 16 % 20 } else { 1 };
    let time = libc::timespec { tv_sec: 0, tv_nsec: millis as libc::c_long * 1_000_000 };
    // SAFETY: `errno` belongs to this thread; `nanosleep` only reads `time`.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::nanosleep(&time, ptr::null_mut());
        *errno = before;
    }
}

/// Installs the handler. Must be called before any thread is exposed.
pub fn install() {
    // SAFETY: a zeroed `sigaction` has no flags and an empty mask; the handler only does what a
    // handler may do.
    let done = unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = stall as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut())
    };
    assert_eq!(done, 0, "sigaction");
}

/// Sends signals to the threads in random slots until `stop` is set.
pub fn signal(slots: &[ThreadSlot], stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        thread::sleep(EVERY);
        slots[below(slots.len())].with_thread(|thread| {
            SIGNALS.add(1);
            // SAFETY: the thread is alive, because it stays exposed while `with_thread` runs.
            unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        });
    }
}
