//! G: a future that has been spawned, in one allocation of `async-task`'s.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use async_task::{ScheduleInfo, WithInfo};

use super::{
    join::{JoinHandle, Output},
    no_unwind_drop::NoUnwindDrop,
};
use crate::{
    rt::{
        config::TaskPanic,
        context::{current, runtimes},
        sched::{
            owned::Slot,
            proc::state,
            ready::{Meta, Runnable},
            reaper,
        },
    },
    util::panics::catch_and_discard,
};

/// Makes a task of the runtime with the number `runtime`, and lists it in the slot, which is
/// reserved for it. The caller counts and schedules it.
#[inline]
pub(crate) fn create<F>(
    runtime: u64,
    slot: NonNull<Slot>,
    future: F,
) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let builder = async_task::Builder::new().metadata(Meta::new(runtime, slot));
    let (runnable, task) = builder.spawn(
        |meta| Body { future: NoUnwindDrop::new(future), end: End(NonNull::from(meta)) },
        WithInfo(schedule),
    );
    let ready = runnable.into_raw();
    // SAFETY: the slot stays where it is until the task frees it.
    unsafe { slot.as_ref() }.fill(ready);
    // SAFETY: from `into_raw`.
    (unsafe { Runnable::from_raw(ready) }, JoinHandle::new(ready, task))
}

/// Queues a task. Called by the thread that wakes the task; or, if the task was woken during a
/// poll, by its worker after that poll.
fn schedule(task: Runnable, info: ScheduleInfo) {
    let runtime = task.metadata().runtime;
    let far = current::member_of(runtime, |member| match member {
        Some((shared, Some(p))) => {
            shared.schedule(p, task, info.woken_while_running);
            None
        }
        Some((shared, None)) => {
            current::firing(|p| match p {
                // SAFETY: this thread's P.
                Some(p) if p.state() < state::DETACHED => unsafe {
                    shared.push(p, task.into_raw())
                },
                _ => shared.inject(task),
            });
            None
        }
        None => Some(task),
    });
    if let Some(task) = far {
        match runtimes::find(runtime) {
            Some(shared) => shared.inject(task),
            None => reaper::defer(move || drop(task)),
        }
    }
}

/// The future of a task. A panic of the inner future is its output.
struct Body<F> {
    future: NoUnwindDrop<F>,
    /// Dropped after the future.
    end: End,
}

impl<F: Future> Future for Body<F> {
    type Output = Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // bug: aborted task is polled again
        if self.end.meta().is_aborted() {
            return Poll::Ready(NoUnwindDrop::new(Err(None)));
        }
        let meta = self.end.0;
        // SAFETY: the future is pinned with the body, which never moves it, not even to drop it.
        let future = unsafe { self.map_unchecked_mut(|body| body.future.get_mut()) };
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        match polled {
            Ok(Poll::Pending) => {
                // SAFETY: as in `meta`.
                unsafe { meta.as_ref() }.keep(cx.waker());
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => Poll::Ready(NoUnwindDrop::new(Ok(output))),
            Err(payload) => {
                report(&*payload);
                Poll::Ready(NoUnwindDrop::new(Err(Some(payload))))
            }
        }
    }
}

/// Counts the panic of a task, and calls the hook.
#[cold]
fn report(payload: &(dyn Any + Send)) {
    current::worker(|worker| {
        let Some((shared, p)) = worker else { return };
        shared.panics.add(1);
        if let Some(hook) = &shared.config.on_panic {
            // bug: panic of the hook ends its worker
            catch_and_discard(|| hook(&TaskPanic { worker: p.id, payload }));
        }
    });
}

/// Counts the task as finished, and takes it off the list, when it is dropped.
struct End(NonNull<Meta>);

// SAFETY: what is kept of a task may be used by any thread.
unsafe impl Send for End {}

impl End {
    fn meta(&self) -> &Meta {
        // SAFETY: it is in the allocation of the task, and so is this.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let runtime = self.meta().runtime;
        let local = current::worker_of(runtime, |worker| {
            worker.map(|(_, p)| p.counts.finished.count()).is_some()
        });
        if !local {
            if let Some(shared) = runtimes::find(runtime) {
                shared.finished.add(1);
            }
        }
        self.meta().end();
    }
}
