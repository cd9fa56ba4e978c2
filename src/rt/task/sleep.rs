//! `Sleep`: a task waits for a time.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::budget;
use crate::rt::{
    config::{NO_RUNTIME, SHUT_DOWN},
    context::current::{self, current},
    sched::{shared::Shared, timers::Key},
};

/// The future of [`sleep`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    /// The deadline. `None` if it cannot be represented.
    at: Option<Instant>,
    /// The timer, once it is set.
    key: Option<Key>,
    /// The runtime that has the timer.
    shared: Option<Arc<Shared>>,
}

/// Waits for at least `duration`, without blocking the thread.
///
/// The deadline counts from this call. The timer belongs to the runtime that polls the future
/// first; stuck workers do not delay it. A deadline too far away to represent never arrives.
///
/// # Panics
///
/// When polled before the deadline, if the calling thread belongs to no runtime (is not a worker,
/// and not inside [`block_on`](crate::rt::Runtime::block_on)), or if the timer's runtime has been
/// shut down. But a task of that runtime does not panic: it is dropped after the poll.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime};
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// Runtime::new()?.block_on(rt::sleep(Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::until(Instant::now().checked_add(duration))
}

impl Sleep {
    /// Waits until `at`, or for ever.
    pub(crate) fn until(at: Option<Instant>) -> Self {
        Self { at, key: None, shared: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(at) = this.at else { return Poll::Pending };
        if Instant::now() >= at {
            return budget::poll(cx, |_| Poll::Ready(()));
        }
        let shared = this
            .shared
            .get_or_insert_with(|| current(|shared| shared.map(Shared::arc)).expect(NO_RUNTIME));
        if shared.timers.set(at, &mut this.key, cx.waker()).is_err() {
            // A poll that was in progress when the runtime stopped: the task is dropped after it.
            // bug: timer panics a task of a stopping runtime
            let own = current::worker_of(shared.id, |worker| worker.is_some());
            assert!(own, "{SHUT_DOWN}");
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(shared), Some(key)) = (&self.shared, self.key) {
            shared.timers.clear(key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish()
    }
}
