//! Where one thread without a P waits for all others: until the next timer is due, or a socket is
//! ready.
//!
//! A worker that parks *enters* the driver if no thread is in it. Other threads without a P sleep in
//! their parkers. A thread in the driver may get an order, too, which ends its wait.
//!
//! # Wait against an earlier timer
//!
//! ```text
//! wait   until = never;    fence;  look at all timers, until = the first, wait
//! set    add the timer;    fence;  the timer is before `until`?  end the wait
//! ```
//!
//! Either the waiting thread sees the timer, or the other thread sees that it waits too long.

use std::{task::Waker, time::Duration};

use super::{clock::NEVER, idle_wait::IdleWait};
use crate::sync::{AtomicU64, AtomicUsize, Relaxed, SeqCst, fence};

/// In `until`: no thread is in the driver.
const NOBODY: u64 = 0;

#[derive(Debug)]
pub(crate) struct Driver {
    /// How long the thread in the driver waits.
    until: AtomicU64,
    idle: IdleWait,
    /// How often a thread has polled. Not exact.
    polls: AtomicUsize,
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self { until: AtomicU64::new(NOBODY), idle: IdleWait::new(), polls: AtomicUsize::new(0) }
    }

    /// The netpoller.
    #[cfg(feature = "net")]
    pub(crate) fn net(&self) -> &crate::rt::net::lazy_netpoller::LazyNetPoller {
        &self.idle.net
    }

    /// Returns whether there are sockets to be polled.
    #[inline]
    pub(crate) fn has_net(&self) -> bool {
        self.idle.has_net()
    }

    /// Returns whether there are sockets, and no thread waits for them.
    #[inline]
    pub(crate) fn has_to_be_polled(&self) -> bool {
        self.has_net() && !self.is_occupied()
    }

    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Relaxed)
    }

    /// Asks which sockets are ready, unless another thread does. Adds the wakers of those that wait
    /// for them to `ready`.
    pub(crate) fn poll_now(&self, ready: &mut Vec<Waker>) {
        self.polls.store(self.polls().wrapping_add(1), Relaxed);
        self.idle.poll_now(ready);
    }

    /// Enters the driver, unless there is a thread in it. Returns whether the calling thread is in it
    /// now.
    pub(crate) fn enter(&self) -> bool {
        // bug: two threads in the driver
        self.until.compare_exchange(NOBODY, NEVER, Relaxed, Relaxed).is_ok()
    }

    /// Whether a thread is in the driver. It will fire the timers that come to be due.
    pub(crate) fn is_occupied(&self) -> bool {
        self.until.load(Relaxed) != NOBODY
    }

    /// Called by the thread in the driver before it waits. `first` looks at all timers. Returns when
    /// the wait has to end.
    pub(crate) fn begin_wait(&self, first: impl FnOnce() -> u64) -> u64 {
        self.until.store(NEVER, Relaxed);
        // Pairs with the fence in `Shared::hurry`, and with that of `Watch::notify`.
        // bug: wait for timers without a fence
        fence(SeqCst);
        let until = first();
        self.until.store(until.max(NOBODY + 1), Relaxed);
        until
    }

    /// Waits until `wake` or until a socket is ready, for at most `limit`. Adds the wakers of those
    /// that wait for the sockets to `ready`.
    pub(crate) fn wait(&self, limit: Option<Duration>, ready: &mut Vec<Waker>) {
        self.polls.store(self.polls().wrapping_add(1), Relaxed);
        self.idle.wait(limit, ready);
    }

    /// Ends the wait of the thread in the driver, or its next one.
    pub(crate) fn wake(&self) {
        self.idle.wake();
    }

    /// Leaves the driver. The caller tells sysmon, which then takes care of the timers.
    pub(crate) fn leave(&self) {
        self.until.store(NOBODY, Relaxed);
    }

    /// Ends the wait of the thread in the driver if that lasts longer than until `at`. Returns whether
    /// there is such a thread. The caller has set the timer and run a fence.
    pub(crate) fn hurry(&self, at: u64) -> bool {
        let until = self.until.load(Relaxed);
        // bug: earlier timer wakes no thread
        if until > at {
            self.wake();
        }
        until != NOBODY
    }
}
