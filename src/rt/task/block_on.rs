//! Polling a future on a thread that is not a worker.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use crate::sync::{
    Acquire, AtomicBool, Release,
    parking::{Thread, current, park},
};

struct Unpark {
    thread: Thread,
    /// The future has to be polled.
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the Acquire in `block_on`. A swap rather than a store, so that the
        // Acquire also pairs with the earlier wake-ups that it has not seen yet.
        if !self.woken.swap(true, Release) {
            self.thread.unpark();
        }
    }
}

/// Polls a future on the calling thread until it is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark { thread: current(), woken: AtomicBool::new(true) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    loop {
        // Acquire: pairs with the Release of the wake-up, so that the poll sees what happened
        // before it.
        while !unpark.woken.swap(false, Acquire) {
            park();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
