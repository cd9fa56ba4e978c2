//! Where a thread without a P waits for one.

use std::{sync::Arc, task::Waker, time::Duration};

use super::{clock::Clock, driver::Driver};
use crate::sync::{Condvar, Mutex, Relaxed, Untracked, lock::lock, wait_timeout};

/// What a sleeping thread has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Run tasks with this P. The thread begins as one that spins.
    Run(usize),
    /// Exit.
    End,
}

#[derive(Debug)]
pub(crate) struct Parker {
    state: Mutex<ParkerState>,
    given: Condvar,
    /// 1 while the thread is in the driver, where it is of more use than elsewhere: another thread is
    /// woken if there is one.
    drives: Untracked,
}

#[derive(Debug)]
struct ParkerState {
    order: Option<Order>,
    /// The thread waits in this driver, not here.
    driver: Option<Arc<Driver>>,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(ParkerState { order: None, driver: None }),
            given: Condvar::new(),
            drives: Untracked::new(0),
        }
    }

    /// Gives the thread its order, and wakes it.
    pub(crate) fn give(&self, order: Order) {
        let driver = {
            let mut state = lock(&self.state);
            let before = state.order.replace(order);
            debug_assert!(before.is_none(), "one order at a time");
            state.driver.clone()
        };
        match driver {
            // bug: order to the thread in the driver is late
            Some(driver) => driver.wake(),
            None => self.given.notify_one(),
        }
    }

    /// Waits for an order, for at most `limit` if there is one. Returns `None` if it timed out.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Option<Order> {
        let mut state = lock(&self.state);
        loop {
            if let Some(order) = state.order.take() {
                return Some(order);
            }
            let (guard, timed_out) = wait_timeout(&self.given, state, limit);
            state = guard;
            if timed_out && state.order.is_none() {
                return None;
            }
        }
    }

    /// Waits for an order in the driver, which the calling thread has entered, until the first timer
    /// is due or a socket is ready: then this returns `None`. `first` looks at all timers. The wakers
    /// of those that wait for the sockets are added to `ready`, also if there is an order.
    pub(crate) fn drive(
        &self,
        driver: &Arc<Driver>,
        clock: &Clock,
        ready: &mut Vec<Waker>,
        mut first: impl FnMut() -> u64,
    ) -> Option<Order> {
        self.drives.store(1, Relaxed);
        lock(&self.state).driver = Some(Arc::clone(driver));
        let order = loop {
            if let Some(order) = lock(&self.state).order.take() {
                break Some(order);
            }
            if !ready.is_empty() {
                break None;
            }
            let limit = clock.until(driver.begin_wait(&mut first));
            if limit.is_some_and(|limit| limit.is_zero()) {
                break None;
            }
            driver.wait(limit, ready);
        };
        let mut state = lock(&self.state);
        state.driver = None;
        self.drives.store(0, Relaxed);
        order.or_else(|| state.order.take())
    }

    /// Whether the thread is in the driver, now or a moment ago.
    pub(crate) fn is_driving(&self) -> bool {
        self.drives.load(Relaxed) == 1
    }
}
