//! Where a thread without a P waits for one.

use std::time::Duration;

use crate::sync::{Condvar, Mutex, lock::lock, wait_timeout};

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
    order: Mutex<Option<Order>>,
    given: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self { order: Mutex::new(None), given: Condvar::new() }
    }

    /// Gives the thread its order, and wakes it.
    pub(crate) fn give(&self, order: Order) {
        let before = lock(&self.order).replace(order);
        debug_assert!(before.is_none(), "one order at a time");
        self.given.notify_one();
    }

    /// Waits for an order, for at most `limit` if there is one. Returns `None` if it timed out.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Option<Order> {
        let mut order = lock(&self.order);
        loop {
            if let Some(order) = order.take() {
                return Some(order);
            }
            let (guard, timed_out) = wait_timeout(&self.given, order, limit);
            order = guard;
            if timed_out && order.is_none() {
                return None;
            }
        }
    }
}
