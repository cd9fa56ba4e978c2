//! The timers of a runtime, and the sleep of sysmon, which runs them.

use std::{
    collections::BTreeMap,
    mem,
    task::Waker,
    time::{Duration, Instant},
};

use crate::sync::{AtomicBool, Condvar, Mutex, Relaxed, SeqCst, fence, lock::lock, wait_timeout};

/// Identifies a timer: its deadline, and a number that tells timers with the same deadline apart.
pub(crate) type Key = (Instant, u64);

pub(crate) struct Timers {
    state: Mutex<TimersState>,
    woken: Condvar,
    /// Sysmon sleeps, or is about to, until a P becomes active.
    idle: AtomicBool,
}

#[derive(Default)]
struct TimersState {
    timers: BTreeMap<Key, Waker>,
    /// The number of the last timer.
    last: u64,
    /// Sysmon has been woken, and has not noticed yet.
    woken: bool,
    /// When sysmon looks at the timers next. `None` while it is awake, and after it has ended.
    next: Option<Instant>,
    stopped: bool,
}

/// The error of a timer that is set after [`Timers::stop`].
pub(crate) struct Stopped;

impl Timers {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), woken: Condvar::new(), idle: AtomicBool::new(false) }
    }

    /// Wakes sysmon.
    pub(crate) fn wake(&self) {
        lock(&self.state).woken = true;
        self.woken.notify_one();
    }

    /// Wakes sysmon if it is idle, because there is something to watch: a P polls, or a task waits.
    pub(crate) fn notify_active(&self) {
        // Pairs with the fence in `try_idle`.
        fence(SeqCst);
        if self.idle.load(Relaxed) {
            self.wake();
        }
    }

    /// Marks sysmon as idle, that is, about to sleep for long, if there is nothing to watch. Returns
    /// whether it is. Either what comes to be watched is seen by `is_quiet`, or `notify_active` sees
    /// the mark.
    pub(crate) fn try_idle(&self, is_quiet: impl FnOnce() -> bool) -> bool {
        self.idle.store(true, Relaxed);
        // Pairs with the fence in `notify_active`.
        fence(SeqCst);
        let idle = is_quiet();
        self.idle.store(idle, Relaxed);
        idle
    }

    /// Ends what `try_idle` began.
    pub(crate) fn end_idle(&self) {
        self.idle.store(false, Relaxed);
    }

    /// Whether sysmon has been woken, and has not noticed yet.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the models")]
    pub(crate) fn is_woken(&self) -> bool {
        lock(&self.state).woken
    }

    /// Sleeps until sysmon is woken or a timer is due, for at most `limit`. Returns the wakers of
    /// the timers that are due, and by how much the sleep was too long.
    pub(crate) fn sleep(&self, limit: Duration) -> (Vec<Waker>, Duration) {
        let mut state = lock(&self.state);
        let now = Instant::now();
        let mut late = Duration::ZERO;
        if !state.woken {
            let until =
                state.timers.keys().next().map_or(now + limit, |key| key.0.min(now + limit));
            state.next = Some(until);
            let left = until.saturating_duration_since(now);
            if !left.is_zero() {
                state = wait_timeout(&self.woken, state, Some(left)).0;
                late = Instant::now().saturating_duration_since(until);
            }
            state.next = None;
        }
        state.woken = false;
        let later = state.timers.split_off(&(Instant::now(), u64::MAX));
        (mem::replace(&mut state.timers, later).into_values().collect(), late)
    }

    /// Stops all timers, and returns their wakers. Further timers are refused.
    pub(crate) fn stop(&self) -> Vec<Waker> {
        let mut state = lock(&self.state);
        state.stopped = true;
        mem::take(&mut state.timers).into_values().collect()
    }

    /// Sets the timer of `key`, or a new one for `at` if there is no key yet.
    pub(crate) fn set(
        &self,
        at: Instant,
        key: &mut Option<Key>,
        waker: &Waker,
    ) -> Result<(), Stopped> {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.stopped {
            return Err(Stopped);
        }
        let key = *key.get_or_insert_with(|| {
            state.last += 1;
            (at, state.last)
        });
        let before = state.timers.insert(key, waker);
        let early = state.next.is_some_and(|next| at < next);
        state.woken |= early;
        // Unlocked before foreign code runs: the drop of the old waker.
        drop(state);
        if early {
            self.woken.notify_one();
        }
        drop(before);
        Ok(())
    }

    pub(crate) fn clear(&self, key: Key) {
        let waker = lock(&self.state).timers.remove(&key);
        drop(waker);
    }
}
