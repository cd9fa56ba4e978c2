//! The sleep of sysmon.
//!
//! While there is something to watch, sysmon wakes up by itself, after 10 ms at the latest. When it
//! is *idle* it sleeps for long, and is notified: by a thread that becomes a worker, by one that
//! leaves the driver, and by a timer that nobody waits for.

use std::time::{Duration, Instant};

use super::clock::NEVER;
use crate::sync::{AtomicU64, Condvar, Mutex, Relaxed, SeqCst, fence, lock::lock, wait_timeout};

/// In `until`: sysmon is not idle.
const AWAKE: u64 = 0;

/// Why sysmon was notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// For a timer. The task that it wakes mostly waits for the next one soon: it is not worth many
    /// looks.
    Timer,
    /// Tasks wait, or a poll began.
    Work,
}

pub(crate) struct Watch {
    notified: Mutex<Option<Why>>,
    notifies: Condvar,
    /// How long sysmon sleeps if it is idle.
    until: AtomicU64,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { notified: Mutex::new(None), notifies: Condvar::new(), until: AtomicU64::new(AWAKE) }
    }

    /// Wakes sysmon.
    pub(crate) fn wake(&self, why: Why) {
        {
            let mut notified = lock(&self.notified);
            *notified = (*notified).max(Some(why));
        }
        self.notifies.notify_one();
    }

    /// Wakes sysmon if it is idle, because there is something to watch: a P polls, a task waits, or
    /// no thread is in the driver.
    pub(crate) fn notify(&self, why: Why) {
        // Pairs with the fences in `try_idle` and in `Driver::begin_wait`.
        fence(SeqCst);
        if self.until.load(Relaxed) != AWAKE {
            self.wake(why);
        }
    }

    /// Wakes sysmon if it is idle for longer than until `at`. The caller has set a timer and run a
    /// fence, and no thread is in the driver.
    pub(crate) fn hurry(&self, at: u64) {
        // bug: timer beside a blocking call unwatched
        if self.until.load(Relaxed) > at {
            self.wake(Why::Timer);
        }
    }

    /// Marks sysmon as idle, that is, about to sleep for long, if there is nothing to watch. Returns
    /// whether it is. Either what comes to be watched is seen by `is_quiet`, or `notify` sees the
    /// mark.
    pub(crate) fn try_idle(&self, is_quiet: impl FnOnce() -> bool) -> bool {
        self.until.store(NEVER, Relaxed);
        // Pairs with the fences in `notify` and in `Shared::hurry`.
        fence(SeqCst);
        let idle = is_quiet();
        if !idle {
            self.until.store(AWAKE, Relaxed);
        }
        idle
    }

    /// Says how long sysmon, which is idle, will sleep.
    pub(crate) fn idle_until(&self, at: u64) {
        self.until.store(at.max(AWAKE + 1), Relaxed);
    }

    /// Ends what `try_idle` began.
    pub(crate) fn end_idle(&self) {
        self.until.store(AWAKE, Relaxed);
    }

    /// Sleeps until sysmon is woken, for at most `limit`. Returns why it was woken, if it was, and by
    /// how much the sleep was too long.
    pub(crate) fn sleep(&self, limit: Duration) -> (Option<Why>, Duration) {
        let mut notified = lock(&self.notified);
        let mut late = Duration::ZERO;
        if notified.is_none() && !limit.is_zero() {
            let start = Instant::now();
            notified = wait_timeout(&self.notifies, notified, Some(limit)).0;
            late = start.elapsed().saturating_sub(limit);
        }
        (notified.take(), late)
    }

    /// Whether sysmon has been woken, and has not noticed yet.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the models")]
    pub(crate) fn is_woken(&self) -> bool {
        lock(&self.notified).is_some()
    }
}
