//! The runtime and its handle.

use std::{fmt, future::Future, io, mem, process, sync::Arc, time::Duration};

use super::{
    config::{NO_RUNTIME, check_workers},
    context::{
        current::{self, current},
        runtimes,
    },
    metrics::Metrics,
    sched::shared::Shared,
    task::{
        block_on,
        join::JoinHandle,
        spawn::{is_large, spawn_on},
    },
};

/// The shortest limit of the shutdown by a drop.
const GRACE: Duration = Duration::from_millis(100);

/// An M:N runtime: worker threads, and the tasks that they run. See [the module](crate::rt).
///
/// Dropping it is a [`shutdown`](Self::shutdown) with a limit of 100 ms, or of
/// [`stall_after`](crate::rt::Builder::stall_after) if that is longer. With `stall_after(None)`
/// there is no limit.
///
/// The child of a `fork` has no workers: see [the module](crate::rt#after-a-fork). There the drop
/// leaks the runtime.
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
    /// The id of the process that has built the runtime.
    process: u32,
}

/// Spawns tasks on a runtime from any thread.
///
/// It does not keep the runtime running: dropping the [`Runtime`] shuts it down.
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
    /// Wraps the state of a runtime. Dropping the result shuts the runtime down.
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { handle: Handle(shared), process: process::id() }
    }

    /// Starts sysmon and the first worker.
    pub(crate) fn start(&self) -> io::Result<()> {
        let shared = &self.handle.0;
        shared.start_sysmon()?;
        match shared.sched.wake_one() {
            Some(launch) => shared.start_worker(&launch),
            None => Ok(()),
        }
    }

    /// Returns a handle to the runtime, which may be cloned.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task: see [`Handle::spawn`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        if is_large::<F>() {
            spawn_on(&self.handle.0, Box::pin(future))
        } else {
            spawn_on(&self.handle.0, future)
        }
    }

    /// Polls a future on the calling thread until it is ready: see [`Handle::block_on`].
    ///
    /// # Panics
    ///
    /// On a worker, except inside [`blocking`](crate::rt::blocking()).
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Sets the number of workers: see [`Handle::set_workers`].
    ///
    /// # Errors
    ///
    /// As [`Handle::set_workers`].
    pub fn set_workers(&self, workers: usize) -> io::Result<()> {
        self.handle.set_workers(workers)
    }

    /// Returns the number of workers that was set, or the default.
    pub fn workers(&self) -> usize {
        self.handle.workers()
    }

    /// Returns the metrics of the runtime.
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Stops the runtime. No task is polled again. All unfinished tasks are dropped, those that wait
    /// as well: on a thread of the runtime, except tasks in a poll, which are dropped after it.
    /// Their handles report that they were cancelled.
    ///
    /// Waits up to `limit` for that, but not for polls whose threads are stuck and have been
    /// replaced. Returns whether all tasks have been dropped, so that their destructors have run,
    /// and all threads have ended. The others end when their polls return.
    ///
    /// Destructors may do anything. What they spawn is dropped. One that does not return keeps those
    /// of other tasks from running.
    ///
    /// On a thread of the runtime (in a task, or in the hook of
    /// [`on_stall`](crate::rt::Builder::on_stall)) it does not wait, and returns `false`. It may be
    /// called again.
    pub fn shutdown(&self, limit: Duration) -> bool {
        self.handle.0.shut_down(Some(limit))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let shared = &self.handle.0;
        if self.process != process::id() {
            // Leaked: its threads are in another process, and may have held locks when that forked.
            mem::forget(Arc::clone(shared));
            return;
        }
        // Otherwise tasks that are left find it until its last thread has ended.
        if shared.shut_down(shared.config.stall_after.map(|limit| limit.max(GRACE))) {
            runtimes::unregister(shared.id);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("metrics", &self.metrics()).finish()
    }
}

impl Handle {
    /// Returns a handle to the runtime of the calling thread, if it belongs to one: that of the
    /// running task, or of `block_on`.
    pub fn try_current() -> Option<Self> {
        current(|shared| shared.map(|shared| Self(shared.arc())))
    }

    /// Returns a handle to the runtime of the calling thread: that of the running task, or of
    /// `block_on`.
    ///
    /// # Panics
    ///
    /// If the thread belongs to no runtime.
    pub fn current() -> Self {
        Self::try_current().expect(NO_RUNTIME)
    }

    /// Spawns a task. It runs whether or not the returned handle is awaited.
    ///
    /// The number of tasks that wait for a worker is not bounded. After a shutdown the future is
    /// dropped, and the handle reports that the task was cancelled.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        if is_large::<F>() {
            spawn_on(&self.0, Box::pin(future))
        } else {
            spawn_on(&self.0, future)
        }
    }

    /// Polls a future on the calling thread until it is ready, and returns its output. Meanwhile
    /// this runtime is the one that [`spawn`](crate::rt::spawn) and [`sleep`](crate::rt::sleep)
    /// use.
    ///
    /// # Panics
    ///
    /// On a worker, since its other tasks would wait: await the future instead, or call this inside
    /// [`blocking`](crate::rt::blocking()). If the future panics, the panic is passed on.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !current::must_not_block(),
            "block_on was called on a worker, whose tasks would wait: await the future, or call it in \
             corepool::rt::blocking"
        );
        let _entered = current::enter(&self.0);
        block_on::block_on(future)
    }

    /// Sets the number of workers. From then on it does not follow the number of processors.
    /// Surplus workers stop after their current polls.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `InvalidInput`, and changes nothing, if `workers` is 0 or more than
    /// [`max_threads`](crate::rt::Builder::max_threads).
    pub fn set_workers(&self, workers: usize) -> io::Result<()> {
        check_workers(workers, self.0.sched.max_threads())?;
        self.0.set_workers(workers);
        Ok(())
    }

    /// As [`Runtime::shutdown`] without a limit, for schedules, in which time does not pass.
    #[cfg(all(test, shuttle))]
    pub(crate) fn shut_down_for_ever(&self) -> bool {
        self.0.shut_down(None)
    }

    /// Returns the number of workers that was set, or the default.
    pub fn workers(&self) -> usize {
        self.0.sched.target()
    }

    /// Returns the metrics of the runtime.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.0.id).finish()
    }
}
