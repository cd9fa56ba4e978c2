//! Runtimes across a fork.
//!
//! The child has one thread, the one that has forked, and no runtime: the threads of the parent's
//! runtimes are not copied. The child may build a runtime, so the state that all runtimes share is
//! locked across the fork and reset in the child. There the thread belongs to no runtime.

use std::sync::{MutexGuard, Once};

use super::{current, runtimes::Runtimes};
use crate::{
    rt::sched::{reaper::Reaper, thread_of},
    sync,
    util::fork_lock::ForkLock,
};

/// Asks the system to call the handlers below at each fork.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| sync::at_forks(before, after, after_in_child));
}

/// What a thread holds while it forks.
struct HeldLocks {
    runtimes: MutexGuard<'static, Runtimes>,
    reaper: MutexGuard<'static, Reaper>,
}

static HELD: ForkLock<HeldLocks> = ForkLock::new();

extern "C" fn before() {
    // Waits until another thread that is just registering has finished: the child may call `watch`.
    watch();
    let held = HeldLocks { runtimes: Runtimes::lock(), reaper: Reaper::lock() };
    // SAFETY: always these locks, which this thread has just locked. `release` follows.
    unsafe { HELD.hold(held) };
}

fn release() -> Option<HeldLocks> {
    // SAFETY: called once after `before`, by the thread that has forked.
    unsafe { HELD.release() }
}

extern "C" fn after() {
    drop(release());
}

extern "C" fn after_in_child() {
    if let Some(mut held) = release() {
        held.runtimes.reset_after_fork();
        held.reaper.reset_after_fork();
    }
    #[cfg(feature = "net")]
    crate::rt::net::forks::count_in_child();
    current::reset_after_fork();
    thread_of::set(0);
}
