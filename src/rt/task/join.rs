//! The handle to a task: awaits its output, or aborts it.

use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use async_task::{FallibleTask, Task};

use super::{budget, no_unwind_drop::NoUnwindDrop};
use crate::{
    rt::{
        context::{current, runtimes},
        sched::ready::{self, Meta, Ready},
    },
    sync::{Mutex, lock::lock},
    util::panics,
};

/// What a task of `async-task`'s returns: the output of the future, or why there is none.
pub(crate) type Output<T> = NoUnwindDrop<Result<T, Failure>>;

/// Why a task has no output: the payload of its panic, or none if it was aborted.
pub(crate) type Failure = Option<Box<dyn Any + Send>>;

/// Awaits a task's output. Dropping the handle detaches the task, which goes on by itself.
///
/// The handle is a future. It is ready when the task has ended: with the task's output, or with a
/// [`JoinError`] if the task has panicked, was aborted, or was dropped by the shutdown of its
/// runtime. The waker that the handle is polled with must not panic: that aborts the process.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime};
///
/// let runtime = Runtime::new()?;
/// runtime.block_on(async {
///     let error = rt::spawn(async { panic!("on purpose") }).await.unwrap_err();
///     assert!(error.is_panic());
///
///     let task = rt::spawn(std::future::pending::<()>());
///     task.abort();
///     assert!(task.await.unwrap_err().is_cancelled());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JoinHandle<T> {
    /// `None` once the handle has been ready.
    task: Option<FallibleTask<Output<T>, Meta>>,
    /// The task as one word, to wake it. Not used once `task` is `None`.
    ready: Ready,
    /// The number under which the runtime has our waker, or 0: see `Joiners`.
    joiner: u64,
}

// SAFETY: the task's word is used as `FallibleTask` is, which is `Send` under the same conditions.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: by reference, only the state of the task is used, which any thread may do.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}

impl<T: Send + 'static> JoinHandle<T> {
    /// The handle to a task that has not been scheduled yet.
    #[inline]
    pub(crate) fn new(ready: Ready, task: Task<Output<T>, Meta>) -> Self {
        Self { task: Some(task.fallible()), ready, joiner: 0 }
    }
}

impl<T> JoinHandle<T> {
    /// Returns whether the task has ended, so that the handle is ready. An aborted task has ended
    /// when its future has been dropped.
    pub fn is_finished(&self) -> bool {
        // The task's own mark comes after the destructors of the future, but before the output.
        let ended = self.with_meta(Meta::has_ended).unwrap_or(true);
        ended && self.task.as_ref().is_none_or(FallibleTask::is_finished)
    }

    /// Aborts the task: its future is dropped instead of polled again. A poll in progress is not
    /// interrupted.
    ///
    /// The handle is ready when the future has been dropped. Aborting a task that has ended does
    /// nothing.
    pub fn abort(&self) {
        self.abort_handle().abort();
    }

    /// Returns a handle that aborts the task, and that may be cloned. It works on after this handle
    /// has been dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::rt::{self, Runtime};
    ///
    /// let runtime = Runtime::new()?;
    /// runtime.block_on(async {
    ///     let task = rt::spawn(std::future::pending::<()>());
    ///     let abort = task.abort_handle();
    ///     let other = rt::spawn(async move { abort.abort() });
    ///     assert!(task.await.unwrap_err().is_cancelled());
    ///     other.await.unwrap();
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn abort_handle(&self) -> AbortHandle {
        // SAFETY: the task's handle exists.
        let waker = self.task.as_ref().map(|_| unsafe { ready::waker(self.ready) });
        AbortHandle(waker.map(|waker| (waker, self.ready)))
    }

    /// Has the waker called when the runtime shuts down. Returns whether it has.
    ///
    /// A worker of the runtime need not register: it stops with its runtime. Inside `blocking` it
    /// must, because it may wait there as any other thread does.
    fn await_shutdown(&mut self, waker: &Waker) -> bool {
        let Some(runtime) = self.runtime() else { return false };
        let is_worker = current::worker_of(runtime, |worker| worker.is_some());
        // bug: shutdown does not wake a worker inside `blocking`
        if is_worker && current::must_not_block() {
            return false;
        }
        let Some(shared) = runtimes::find(runtime) else { return true };
        shared.joiners.insert(&mut self.joiner, waker);
        shared.is_stopping()
    }

    /// Removes the waker of `await_shutdown`.
    fn stop_awaiting(&mut self) {
        if self.joiner != 0 {
            if let Some(shared) = self.runtime().and_then(runtimes::find) {
                shared.joiners.remove(self.joiner);
            }
            self.joiner = 0;
        }
    }

    /// The number of the task's runtime, unless the handle has been ready.
    fn runtime(&self) -> Option<u64> {
        self.with_meta(|meta| meta.runtime)
    }

    /// Calls `f` with what is kept of the task, unless the handle has been ready.
    fn with_meta<R>(&self, f: impl FnOnce(&Meta) -> R) -> Option<R> {
        // SAFETY: the task's handle exists.
        self.task.as_ref().map(|_| unsafe { ready::with_meta(self.ready, f) })
    }

    fn poll_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Output<T>>> {
        let task = self.task.as_mut().expect("a JoinHandle was polled after it was ready");
        let polled = budget::poll(cx, |cx| Pin::new(task).poll(cx));
        if polled.is_pending() && self.await_shutdown(cx.waker()) {
            // Dropping the handle of `async-task`, below, drops the task.
            return Poll::Ready(None);
        }
        polled
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If it has been ready before.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Poll::Ready(output) = this.poll_task(cx) else { return Poll::Pending };
        this.stop_awaiting();
        this.task = None;
        Poll::Ready(match output.map(NoUnwindDrop::into_inner) {
            Some(Ok(output)) => Ok(output),
            Some(Err(failure)) => Err(JoinError(failure.map(Mutex::new))),
            None => Err(JoinError(None)),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.stop_awaiting();
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("is_finished", &self.is_finished()).finish()
    }
}

/// Aborts a task: the result of [`JoinHandle::abort_handle`].
///
/// It keeps the task's memory, but not its future.
#[derive(Clone)]
pub struct AbortHandle(Option<(Waker, Ready)>);

// SAFETY: the task's word is used only to reach its state, which any thread may do.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}

impl AbortHandle {
    /// Aborts the task: see [`JoinHandle::abort`].
    pub fn abort(&self) {
        if let Some((waker, task)) = &self.0 {
            // SAFETY: its waker exists.
            unsafe { ready::with_meta(*task, Meta::abort) };
            waker.wake_by_ref();
        }
    }

    /// Returns whether the task has ended: its future has been dropped.
    pub fn is_finished(&self) -> bool {
        // SAFETY: as above.
        self.0.as_ref().is_none_or(|(_, task)| unsafe { ready::with_meta(*task, Meta::has_ended) })
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("is_finished", &self.is_finished()).finish()
    }
}

/// Why a task has no output: it panicked, or it was cancelled.
///
/// A task is cancelled by [`JoinHandle::abort`], or by the shutdown of its runtime.
pub struct JoinError(Option<Mutex<Box<dyn Any + Send>>>);

impl JoinError {
    /// Returns whether the task was aborted, or dropped by the shutdown of its runtime.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_none()
    }

    /// Returns whether the task panicked.
    pub fn is_panic(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the payload of the task's panic, for [`resume_unwind`](std::panic::resume_unwind).
    ///
    /// # Errors
    ///
    /// Returns `self` if the task did not panic.
    #[allow(clippy::result_large_err, reason = "in schedules, where locks are large")]
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0 {
            Some(payload) => {
                Ok(payload.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
            }
            None => Err(self),
        }
    }

    /// Returns the payload of the task's panic, for [`resume_unwind`](std::panic::resume_unwind).
    ///
    /// # Panics
    ///
    /// If the task did not panic.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().expect("the task was cancelled, and did not panic")
    }

    /// Returns the message of the panic, if the payload is a string.
    fn message(&self) -> Option<String> {
        let payload = lock(self.0.as_ref()?);
        panics::message(&**payload).map(str::to_owned)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_panic(), self.message()) {
            (false, _) => f.write_str("the task was cancelled"),
            (true, Some(message)) => write!(f, "the task panicked: {message}"),
            (true, None) => f.write_str("the task panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_panic(), self.message()) {
            (false, _) => f.write_str("JoinError::Cancelled"),
            (true, message) => f.debug_tuple("JoinError::Panicked").field(&message).finish(),
        }
    }
}

impl std::error::Error for JoinError {}
