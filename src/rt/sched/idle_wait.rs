//! What the thread in the driver waits in: the netpoller, once the runtime has a socket; until then, a
//! condition variable.

use std::{task::Waker, time::Duration};

#[cfg(feature = "net")]
use crate::rt::net::lazy_netpoller::LazyNetPoller;
use crate::sync::{Condvar, Mutex, lock::lock, wait_timeout};

#[derive(Debug)]
pub(crate) struct IdleWait {
    woken: Mutex<bool>,
    wakes: Condvar,
    #[cfg(feature = "net")]
    pub(crate) net: LazyNetPoller,
}

impl IdleWait {
    pub(crate) fn new() -> Self {
        Self {
            woken: Mutex::new(false),
            wakes: Condvar::new(),
            #[cfg(feature = "net")]
            net: LazyNetPoller::default(),
        }
    }

    /// Returns whether there are sockets to be polled.
    #[inline]
    pub(crate) fn has_net(&self) -> bool {
        #[cfg(feature = "net")]
        return self.net.get().is_some();
        #[cfg(not(feature = "net"))]
        false
    }

    /// Waits until `wake` or until sockets are ready, for at most `timeout` if there is one. It may
    /// return early. The wakers of those that wait for these sockets are added to `ready`.
    pub(crate) fn wait(&self, timeout: Option<Duration>, ready: &mut Vec<Waker>) {
        #[cfg(feature = "net")]
        if let Some(net) = self.net.get() {
            return net.poll(timeout, ready);
        }
        let _ = ready;
        let mut woken = lock(&self.woken);
        if !*woken {
            woken = wait_timeout(&self.wakes, woken, timeout).0;
        }
        *woken = false;
    }

    /// As `wait`, without waiting.
    pub(crate) fn poll_now(&self, ready: &mut Vec<Waker>) {
        #[cfg(feature = "net")]
        if let Some(net) = self.net.get() {
            net.poll_now(ready);
        }
        let _ = ready;
    }

    /// Ends the `wait` in progress, or the next one. Called, too, by the thread that has made the
    /// netpoller.
    pub(crate) fn wake(&self) {
        // bug: wake before the wait is lost
        *lock(&self.woken) = true;
        self.wakes.notify_one();
        #[cfg(feature = "net")]
        if let Some(net) = self.net.get() {
            net.wake();
        }
    }
}
