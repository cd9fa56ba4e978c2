//! G: a future that has been spawned, in one allocation of `async-task`'s, and the handle to it.

use std::{
    any::Any,
    fmt,
    future::Future,
    mem::{self, ManuallyDrop},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
    thread,
};

use async_task::{FallibleTask, ScheduleInfo, WithInfo};

use super::{context, grave};
use crate::sync::{Mutex, lock::lock};

/// A task that is ready to run. It knows the number of its runtime.
pub(crate) type Runnable = async_task::Runnable<u64>;

type Output<T> = Quiet<thread::Result<T>>;

/// Makes a task, which is counted and ready to run.
pub(crate) fn create<F>(runtime: u64, future: F) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let body = Body { future: Quiet::new(future), runtime };
    let (runnable, task) =
        async_task::Builder::new().metadata(runtime).spawn(|_| body, WithInfo(schedule));
    let state = Mutex::new(State::Live(task.fallible()));
    let cancel: fn(_) -> Cancelled<_> = |task: Live<_>| Box::pin(task.cancel());
    (runnable, JoinHandle { runtime, state, cancel, waits: 0 })
}

/// Called by whoever wakes the task; or by its worker after a poll, if it was woken meanwhile.
fn schedule(task: Runnable, info: ScheduleInfo) {
    let runtime = *task.metadata();
    let far = context::worker_of(runtime, |worker| match worker {
        Some((shared, p)) => {
            shared.schedule(p, task, info.woken_while_running);
            None
        }
        None => Some(task),
    });
    if let Some(task) = far {
        match context::find(runtime) {
            Some(shared) => shared.inject(task),
            None => grave::bury([task.into_raw()]),
        }
    }
}

/// Something whose destructor may panic, and which is dropped where that would end the process.
struct Quiet<T>(ManuallyDrop<T>);

impl<T> Quiet<T> {
    fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since `drop` does not come.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        // SAFETY: dropped once.
        let result = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.0) }));
        if let Err(payload) = result {
            // Its destructor may panic as well.
            mem::forget(payload);
        }
    }
}

/// The future, whose panic is its output. Says when it goes.
struct Body<F> {
    future: Quiet<F>,
    runtime: u64,
}

impl<F: Future> Future for Body<F> {
    type Output = Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the future is pinned with the body, which does not move it, also when it drops it.
        let future = unsafe { self.map_unchecked_mut(|body| &mut *body.future.0) };
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Quiet::new(Ok(output))),
            Err(payload) => Poll::Ready(Quiet::new(Err(payload))),
        }
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        let near = context::worker_of(self.runtime, |worker| {
            worker.map(|(_, p)| p.counts.finished.count()).is_some()
        });
        if !near {
            if let Some(shared) = context::find(self.runtime) {
                shared.finished.add(1);
            }
        }
    }
}

/// Waits for a task, and has its output. Dropping it lets the task go on by itself.
///
/// As a future it is ready when the task has ended: with its output, or with a [`JoinError`] if the
/// task has panicked, was aborted, or was dropped by the shutdown of its runtime. The waker that it is
/// polled with must not panic: that ends the process.
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
    runtime: u64,
    state: Mutex<State<T>>,
    /// How a task is aborted: known where the task is made, so that a handle of anything can do it.
    cancel: fn(Live<T>) -> Cancelled<T>,
    /// The number under which the runtime knows that somebody waits who is not a worker, or 0.
    waits: u64,
}

enum State<T> {
    Live(Live<T>),
    Aborted(Box<Aborted<T>>),
    /// It has ended, with an output if it was too late to abort it.
    Ended(Option<Box<Output<T>>>),
    /// The handle was ready.
    Done,
}

type Live<T> = FallibleTask<Output<T>, u64>;

/// Ends when the future has been dropped.
type Cancelled<T> = Pin<Box<dyn Future<Output = Option<Output<T>>> + Send>>;

struct Aborted<T> {
    task: Cancelled<T>,
    /// Who waits for the end.
    waits: Option<Waker>,
}

impl<T> State<T> {
    /// Looks whether an aborted task has ended. Returns whom it may have kept from being woken: the
    /// task is told of one waker at a time.
    fn look(&mut self) -> Option<Waker> {
        let Self::Aborted(aborted) = self else { return None };
        let waker = aborted.waits.as_ref().unwrap_or(Waker::noop());
        let Poll::Ready(output) = aborted.task.as_mut().poll(&mut Context::from_waker(waker))
        else {
            return None;
        };
        let waits = aborted.waits.take();
        *self = Self::Ended(output.map(Box::new));
        waits
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// Whether the task has ended: then the handle is ready. One that was aborted has ended when
    /// its future is gone.
    pub fn is_finished(&self) -> bool {
        let mut state = lock(&self.state);
        let waits = state.look();
        let ended = match &*state {
            State::Live(task) => task.is_finished(),
            State::Aborted(_) => false,
            State::Ended(_) | State::Done => true,
        };
        drop(state);
        waits.into_iter().for_each(Waker::wake);
        ended
    }

    fn leave(&mut self) {
        if self.waits != 0 {
            if let Some(shared) = context::find(self.runtime) {
                shared.joiners.remove(self.waits);
            }
            self.waits = 0;
        }
    }

    /// Has the waker called if the runtime is shut down. Says whether it is.
    ///
    /// A worker need not ask: it goes with its runtime.
    fn stops(&mut self, waker: &Waker) -> bool {
        if context::worker_of(self.runtime, |worker| worker.is_some()) {
            return false;
        }
        let Some(shared) = context::find(self.runtime) else { return true };
        shared.joiners.insert(&mut self.waits, waker);
        shared.is_stopping()
    }
}

impl<T> JoinHandle<T> {
    /// Has the task dropped instead of polled again. A poll that is under way is not interrupted.
    ///
    /// The handle is ready when that is done. A task that has ended is not affected.
    pub fn abort(&self) {
        let mut state = lock(&self.state);
        match mem::replace(&mut *state, State::Done) {
            State::Live(task) if !task.is_finished() => {
                let task = (self.cancel)(task);
                *state = State::Aborted(Box::new(Aborted { task, waits: None }));
                // The first look closes the task, and wakes whoever waits.
                state.look();
            }
            other => *state = other,
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If it was ready before.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut polled = this.poll_task(cx);
        if polled.is_pending() && this.stops(cx.waker()) {
            // Dropping the task's handle has the task dropped.
            *this.state.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()) = State::Done;
            polled = Poll::Ready(None);
        }
        let Poll::Ready(output) = polled else { return Poll::Pending };
        this.leave();
        Poll::Ready(match output.map(Quiet::into_inner) {
            Some(Ok(output)) => Ok(output),
            Some(Err(payload)) => Err(JoinError(Some(Mutex::new(payload)))),
            None => Err(JoinError(None)),
        })
    }
}

impl<T> JoinHandle<T> {
    fn poll_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Output<T>>> {
        let state = self.state.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        let polled = match state {
            State::Live(task) => Pin::new(task).poll(cx),
            State::Aborted(aborted) => {
                let polled = aborted.task.as_mut().poll(cx);
                aborted.waits = polled.is_pending().then(|| cx.waker().clone());
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

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.leave();
        let state = self.state.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let State::Live(task) = mem::replace(state, State::Done) {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("is_finished", &self.is_finished()).finish()
    }
}

/// Why a task has no output: it panicked, or it was dropped before its end.
pub struct JoinError(Option<Mutex<Box<dyn Any + Send>>>);

impl JoinError {
    /// Whether the task was aborted, or dropped by the shutdown of its runtime.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        self.0.is_some()
    }

    /// What the task panicked with, for [`resume_unwind`](std::panic::resume_unwind).
    ///
    /// # Errors
    ///
    /// With the error itself, if the task did not panic.
    #[allow(clippy::result_large_err, reason = "in schedules, where locks are large")]
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0 {
            Some(payload) => {
                Ok(payload.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
            }
            None => Err(self),
        }
    }

    /// As [`try_into_panic`](Self::try_into_panic).
    ///
    /// # Panics
    ///
    /// If the task did not panic.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().expect("the task was cancelled, and has not panicked")
    }

    /// The message of the panic, if it is a string.
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

/// Runs a task that was ready. What it panics with is caught inside.
#[inline]
pub(crate) fn run(task: super::runq::Ready) {
    // SAFETY: it comes from `Runnable::into_raw`, and has one holder.
    unsafe { Runnable::from_raw(task) }.run();
}

/// Drops the future of a task that was ready.
pub(crate) fn cancel(task: super::runq::Ready) {
    // SAFETY: as in `run`.
    drop(unsafe { Runnable::from_raw(task) });
}
