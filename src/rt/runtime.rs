//! The runtime, as its users have it.

use std::{fmt, future::Future, io, process, sync::Arc, time::Duration};

use super::{
    Builder, block_on,
    builder::check_workers,
    context,
    metrics::Metrics,
    shared::Shared,
    task::{self, JoinHandle},
};

/// How long the drop of a runtime waits for polls to return, at most.
const GRACE: Duration = Duration::from_millis(100);

/// Worker threads, and the tasks that they run.
///
/// Dropping it is a [`shutdown`](Self::shutdown) with a limit of a tenth of a second, or of
/// [`stall_after`](Builder::stall_after) if that is longer; or without one if it never detaches threads
/// (`stall_after(None)`).
///
/// The child of a `fork` has no workers: see [the module](super#after-a-fork). There the drop leaks it.
///
/// # Examples
///
/// ```
/// use corepool::rt::Runtime;
/// use std::time::Duration;
///
/// let runtime = Runtime::new()?;
/// let task = runtime.spawn(async { 6 * 7 });
/// assert_eq!(runtime.block_on(task).unwrap(), 42);
///
/// runtime.set_workers(1)?;
/// assert_eq!(runtime.workers(), 1);
/// assert!(runtime.shutdown(Duration::from_secs(10)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    process: u32,
}

/// Starts tasks on a runtime, from anywhere. It does not keep the runtime going.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Handle, Runtime};
///
/// let runtime = Runtime::new()?;
/// let handle: Handle = runtime.handle().clone();
/// let task = std::thread::spawn(move || handle.spawn(async { 5 })).join().unwrap();
/// assert_eq!(runtime.block_on(task).unwrap(), 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Runtime {
    /// A runtime as of [`Builder::new`].
    ///
    /// # Errors
    ///
    /// As those of [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }

    /// As [`Builder::new`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { handle: Handle(shared), process: process::id() }
    }

    pub(crate) fn start(&self) -> io::Result<()> {
        let shared = &self.handle.0;
        shared.start_sysmon()?;
        match shared.sched.wake_one() {
            Some(launch) => shared.start_worker(&launch),
            None => Ok(()),
        }
    }

    /// A handle to the runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`Handle::spawn`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// As [`Handle::block_on`].
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// As [`Handle::set_workers`].
    #[allow(clippy::missing_errors_doc, reason = "there")]
    pub fn set_workers(&self, workers: usize) -> io::Result<()> {
        self.handle.set_workers(workers)
    }

    /// How many workers there are to be.
    pub fn workers(&self) -> usize {
        self.handle.workers()
    }

    /// What the runtime does, and has done.
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Stops the runtime. No task is polled again; those that are queued are dropped now, the others
    /// when they are woken, aborted, or of no more use to anybody; their handles say that they were
    /// cancelled.
    ///
    /// Waits for polls that are under way, so long at most; and not for those whose threads are stuck
    /// and have been replaced. Returns whether all threads have ended. Those that have not do so
    /// when their polls return.
    ///
    /// From a thread of the runtime (in a task, or in the hook for stalls) it does not wait, and
    /// returns `false`. It may be called again.
    pub fn shutdown(&self, limit: Duration) -> bool {
        self.handle.0.shut_down(Some(limit))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let shared = &self.handle.0;
        if self.process != process::id() {
            // Its threads are in another process, with whatever locks they hold.
            std::mem::forget(Arc::clone(shared));
            return;
        }
        shared.shut_down(shared.config.stall_after.map(|limit| limit.max(GRACE)));
        context::unregister(shared.id);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("metrics", &self.metrics()).finish()
    }
}

impl Handle {
    /// The runtime that the calling thread belongs to: that of the task that runs, or of the
    /// `block_on`.
    pub fn try_current() -> Option<Self> {
        context::current(|shared| shared.map(|shared| Self(shared.arc())))
    }

    /// As [`try_current`](Self::try_current).
    ///
    /// # Panics
    ///
    /// If the thread belongs to no runtime.
    pub fn current() -> Self {
        Self::try_current().expect(super::NO_RUNTIME)
    }

    /// Starts a task. It runs whether or not somebody waits for the handle.
    ///
    /// After a shutdown the future is dropped, and the handle says that it was cancelled. Tasks
    /// that wait for a worker are not bounded in number.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        spawn_on(&self.0, future)
    }

    /// Polls a future on the calling thread, until it is ready. Within it, this is the runtime of
    /// [`spawn`](super::spawn) and [`sleep`](super::sleep).
    ///
    /// # Panics
    ///
    /// On a worker, whose other tasks would wait for it: there one awaits. In
    /// [`blocking`](super::blocking()) it may be called. And with what the future panics with.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !context::must_not_block(),
            "block_on was called on a worker, whose tasks would wait: await the future, or call it in \
             corepool::rt::blocking"
        );
        let _entered = context::enter(&self.0);
        block_on::block_on(future)
    }

    /// Changes the number of workers, for good: it then does not follow the number of processors.
    /// Workers that are too many stop after the polls that they are in.
    ///
    /// # Errors
    ///
    /// Of kind `InvalidInput`, if there are to be none, or more than threads at most. Then all stays
    /// as it was.
    pub fn set_workers(&self, workers: usize) -> io::Result<()> {
        check_workers(workers, self.0.sched.max_threads())?;
        self.0.set_workers(workers);
        Ok(())
    }

    /// As [`Runtime::shutdown`], for schedules, in which time does not pass.
    #[cfg(all(test, shuttle))]
    pub(crate) fn shut_down_for_ever(&self) -> bool {
        self.0.shut_down(None)
    }

    /// How many workers there are to be.
    pub fn workers(&self) -> usize {
        self.0.sched.target()
    }

    /// What the runtime does, and has done.
    pub fn metrics(&self) -> Metrics {
        self.0.metrics()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.0.id).finish()
    }
}

/// Starts a task on a runtime.
pub(crate) fn spawn_on<F>(shared: &Shared, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (task, handle) = task::create(shared.id, future);
    context::worker_of(shared.id, |worker| match worker {
        Some((shared, p)) => shared.spawned(p, task),
        None => {
            shared.spawned.add(1);
            shared.submit(task);
        }
    });
    handle
}
