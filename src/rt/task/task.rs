//! G: a future that has been spawned, in one allocation of `async-task`'s.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use async_task::{ScheduleInfo, WithInfo};

use super::{
    join::{JoinHandle, Output},
    no_unwind_drop::NoUnwindDrop,
};
use crate::rt::{
    context::{current, runtimes},
    sched::{ready::Runnable, reaper},
};

/// Makes a task of the runtime with the number `runtime`. The caller counts and schedules it.
pub(crate) fn create<F>(runtime: u64, future: F) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let body = Body { future: NoUnwindDrop::new(future), runtime };
    let (runnable, task) =
        async_task::Builder::new().metadata(runtime).spawn(|_| body, WithInfo(schedule));
    (runnable, JoinHandle::new(runtime, task))
}

/// Queues a task. Called by the thread that wakes the task; or, if the task was woken during a
/// poll, by its worker after that poll.
fn schedule(task: Runnable, info: ScheduleInfo) {
    let runtime = *task.metadata();
    let far = current::worker_of(runtime, |worker| match worker {
        Some((shared, p)) => {
            shared.schedule(p, task, info.woken_while_running);
            None
        }
        None => Some(task),
    });
    if let Some(task) = far {
        match runtimes::find(runtime) {
            Some(shared) => shared.inject(task),
            None => reaper::defer_drop([task.into_raw()]),
        }
    }
}

/// The future of a task. A panic of the inner future is its output. Its drop counts the task as
/// finished.
struct Body<F> {
    future: NoUnwindDrop<F>,
    runtime: u64,
}

impl<F: Future> Future for Body<F> {
    type Output = Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the future is pinned with the body, which never moves it, not even to drop it.
        let future = unsafe { self.map_unchecked_mut(|body| body.future.get_mut()) };
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(NoUnwindDrop::new(Ok(output))),
            Err(payload) => Poll::Ready(NoUnwindDrop::new(Err(payload))),
        }
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        let local = current::worker_of(self.runtime, |worker| {
            worker.map(|(_, p)| p.counts.finished.count()).is_some()
        });
        if !local {
            if let Some(shared) = runtimes::find(self.runtime) {
                shared.finished.add(1);
            }
        }
    }
}
