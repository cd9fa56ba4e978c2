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
    context::current,
    sched::timers::{Stopped, Timer},
};

/// The future of [`sleep`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    /// The deadline. `None` if it cannot be represented.
    at: Option<Instant>,
    timer: Option<SetTimer>,
}

/// The timer of a sleep, once it is set.
struct SetTimer {
    timer: Arc<Timer>,
    /// The number of the runtime that has the timer.
    runtime: u64,
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
        Self { at, timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(at) = this.at else { return Poll::Pending };
        if Instant::now() >= at || this.wait(at, cx) {
            return budget::poll(cx, |_| Poll::Ready(()));
        }
        Poll::Pending
    }
}

impl Sleep {
    /// Has the task woken at `at`. Returns whether the timer has fired.
    fn wait(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        let (runtime, set) = match &self.timer {
            Some(SetTimer { timer, runtime }) => (*runtime, timer.renew(cx.waker())),
            None => self.set(at, cx),
        };
        set.unwrap_or_else(|Stopped| {
            // A poll that was in progress when the runtime stopped: the task is dropped after it.
            // bug: timer panics a task of a stopping runtime
            let own = current::worker_of(runtime, |worker| worker.is_some());
            assert!(own, "{SHUT_DOWN}");
            cx.waker().wake_by_ref();
            false
        })
    }

    /// Sets the timer. Returns the number of its runtime, and, unless that has stopped, false.
    fn set(&mut self, at: Instant, cx: &mut Context<'_>) -> (u64, Result<bool, Stopped>) {
        current::here(|here| {
            let (shared, p) = here.expect(NO_RUNTIME);
            let runtime = shared.id;
            let set = shared.set_timer(p, shared.clock.at(at), cx.waker());
            let set = set.map(|timer| self.timer = Some(SetTimer { timer, runtime }));
            (runtime, set.map(|()| false))
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(SetTimer { timer, .. }) = &self.timer {
            // bug: dropped sleep keeps its waker
            timer.cancel();
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish()
    }
}
