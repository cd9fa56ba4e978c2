//! A future on a thread that is no worker.

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
    /// The future is to be polled.
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the Acquire in `block_on`. A swap, so that it pairs for those as well who
        // have woken it before.
        if !self.woken.swap(true, Release) {
            self.thread.unpark();
        }
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark { thread: current(), woken: AtomicBool::new(true) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    loop {
        // Acquire: pairs with the Release of whoever has woken it, so that the poll sees why.
        while !unpark.woken.swap(false, Acquire) {
            park();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
