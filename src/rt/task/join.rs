//! The handle to a task: awaits its output, or aborts it.

use std::{
    any::Any,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
    thread,
};

use async_task::{FallibleTask, Task};

use super::no_unwind_drop::NoUnwindDrop;
use crate::{
    rt::context::{current, runtimes},
    sync::{Mutex, lock::lock},
};

/// What a task of `async-task`'s returns: the output of the future, or the payload of its panic.
pub(crate) type Output<T> = NoUnwindDrop<thread::Result<T>>;

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
    /// The number of the task's runtime.
    runtime: u64,
    state: Mutex<State<T>>,
    /// Aborts a task. A function pointer, since only `new` knows that `T` is `Send` and `'static`.
    cancel: fn(Live<T>) -> Cancelled<T>,
    /// The number under which the runtime has our waker, or 0: see `Joiners`.
    joiner: u64,
}

enum State<T> {
    Live(Live<T>),
    Aborted(Box<Aborted<T>>),
    /// An aborted task has ended; with an output if it was too late to abort it.
    Ended(Option<Box<Output<T>>>),
    /// The handle has been ready.
    Done,
}

type Live<T> = FallibleTask<Output<T>, u64>;

/// Ready when the future of the task has been dropped.
type Cancelled<T> = Pin<Box<dyn Future<Output = Option<Output<T>>> + Send>>;

struct Aborted<T> {
    task: Cancelled<T>,
    /// The waker of the thread or task that awaits the handle.
    waker: Option<Waker>,
}

impl<T> State<T> {
    /// Checks whether an aborted task has ended, and then returns the waker of the handle. The
    /// caller calls that: a task stores one waker at a time, so this poll may have displaced it.
    fn poll_aborted(&mut self) -> Option<Waker> {
        let Self::Aborted(aborted) = self else { return None };
        let waker = aborted.waker.as_ref().unwrap_or(Waker::noop());
        let Poll::Ready(output) = aborted.task.as_mut().poll(&mut Context::from_waker(waker))
        else {
            return None;
        };
        let waker = aborted.waker.take();
        *self = Self::Ended(output.map(Box::new));
        waker
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T: Send + 'static> JoinHandle<T> {
    /// The handle to a task of the runtime with the number `runtime`.
    pub(crate) fn new(runtime: u64, task: Task<Output<T>, u64>) -> Self {
        Self {
            runtime,
            state: Mutex::new(State::Live(task.fallible())),
            cancel: |task| Box::pin(task.cancel()),
            joiner: 0,
        }
    }
}

impl<T> JoinHandle<T> {
    /// Returns whether the task has ended, so that the handle is ready. An aborted task has ended
    /// when its future has been dropped.
    pub fn is_finished(&self) -> bool {
        let mut state = lock(&self.state);
        let waker = state.poll_aborted();
        let ended = match &*state {
            State::Live(task) => task.is_finished(),
            State::Aborted(_) => false,
            State::Ended(_) | State::Done => true,
        };
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        ended
    }

    /// Aborts the task: its future is dropped instead of polled again. A poll in progress is not
    /// interrupted.
    ///
    /// The handle is ready when the future has been dropped. Aborting a task that has ended does
    /// nothing.
    pub fn abort(&self) {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Done) {
            State::Live(task) if !task.is_finished() => {
                let task = (self.cancel)(task);
                *state = State::Aborted(Box::new(Aborted { task, waker: None }));
                // The first poll closes the task, and calls the waker that the task stores.
                state.poll_aborted();
            }
            other => *state = other,
        }
    }

    /// Has the waker called when the runtime shuts down. Returns whether it has.
    ///
    /// A worker of the runtime need not register: it stops with its runtime. Inside `blocking` it
    /// must, because it may wait there as any other thread does.
    fn await_shutdown(&mut self, waker: &Waker) -> bool {
        let is_worker = current::worker_of(self.runtime, |worker| worker.is_some());
        // bug: shutdown does not wake a worker inside `blocking`
        if is_worker && current::must_not_block() {
            return false;
        }
        let Some(shared) = runtimes::find(self.runtime) else { return true };
        shared.joiners.insert(&mut self.joiner, waker);
        shared.is_stopping()
    }

    /// Removes the waker of `await_shutdown`.
    fn stop_awaiting(&mut self) {
        if self.joiner != 0 {
            if let Some(shared) = runtimes::find(self.runtime) {
                shared.joiners.remove(self.joiner);
            }
            self.joiner = 0;
        }
    }

    /// The state, without locking.
    fn state_mut(&mut self) -> &mut State<T> {
        self.state.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn poll_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Output<T>>> {
        let state = self.state_mut();
        let polled = match state {
            State::Live(task) => Pin::new(task).poll(cx),
            State::Aborted(aborted) => {
                let polled = aborted.task.as_mut().poll(cx);
                aborted.waker = polled.is_pending().then(|| cx.waker().clone());
                polled
            }
            State::Ended(output) => Poll::Ready(output.take().map(|output| *output)),
            State::Done => panic!("a JoinHandle was polled after it was ready"),
        };
        if polled.is_ready() {
            *state = State::Done;
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
        let mut polled = this.poll_task(cx);
        if polled.is_pending() && this.await_shutdown(cx.waker()) {
            // Dropping the handle of `async-task` drops the task.
            *this.state_mut() = State::Done;
            polled = Poll::Ready(None);
        }
        let Poll::Ready(output) = polled else { return Poll::Pending };
        this.stop_awaiting();
        Poll::Ready(match output.map(NoUnwindDrop::into_inner) {
            Some(Ok(output)) => Ok(output),
            Some(Err(payload)) => Err(JoinError(Some(Mutex::new(payload)))),
            None => Err(JoinError(None)),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.stop_awaiting();
        if let State::Live(task) = mem::replace(self.state_mut(), State::Done) {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("is_finished", &self.is_finished()).finish()
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
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
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
