//! The configuration of a runtime, checked.

use std::{any::Any, io, sync::Arc, thread, time::Duration};

use crate::util::panics;

/// Upper bound of the number of workers and of the number of threads of a runtime.
pub(crate) const MAX: usize = 1 << 14;

/// The message of a panic on a thread that needs a runtime.
pub(crate) const NO_RUNTIME: &str = "the calling thread belongs to no corepool runtime: \
                                     it is not a worker, and not inside Runtime::block_on";

/// The panic message for a timer that is set after the shutdown.
pub(crate) const SHUT_DOWN: &str = "the corepool runtime has been shut down: it runs no timers";

/// Reports a stuck poll: the argument of [`Builder::on_stall`](crate::rt::Builder::on_stall)'s
/// hook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The name of the worker's thread: the prefix of [`Builder::thread_name`], and the index.
    ///
    /// [`Builder::thread_name`]: crate::rt::Builder::thread_name
    pub thread: String,
    /// The name of the task, if it has one: see [`named`](crate::rt::named()).
    pub task: Option<&'static str>,
    /// The index of the worker: see [`Worker::index`](crate::rt::Worker::index).
    pub worker: usize,
    /// The poll has lasted at least this long.
    pub elapsed: Duration,
    /// Whether another thread has replaced the worker, because tasks were waiting.
    pub detached: bool,
}

/// The hook that is called for each stuck poll.
pub(crate) type Hook = Arc<dyn Fn(&Stall) + Send + Sync>;

/// Reports a panic of a task: the argument of
/// [`Builder::on_panic`](crate::rt::Builder::on_panic)'s hook.
#[derive(Debug)]
#[non_exhaustive]
pub struct TaskPanic<'a> {
    /// The index of the worker: see [`Worker::index`](crate::rt::Worker::index).
    pub worker: usize,
    /// The payload of the panic, which the task's handle gets afterwards.
    pub payload: &'a (dyn Any + Send),
}

impl TaskPanic<'_> {
    /// Returns the message of the panic, if the payload is a string.
    pub fn message(&self) -> Option<&str> {
        panics::message(self.payload)
    }
}

/// The hook that is called for each panic of a task.
pub(crate) type PanicHook = Arc<dyn Fn(&TaskPanic<'_>) + Send + Sync>;

/// A hook of a thread.
pub(crate) type ThreadHook = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Config {
    /// How many workers the runtime starts with.
    pub(crate) workers: usize,
    /// Whether the user has set the number of workers, so that it does not follow the number of
    /// processors.
    pub(crate) by_hand: bool,
    pub(crate) max_threads: usize,
    /// See [`Builder::stall_after`](crate::rt::Builder::stall_after).
    pub(crate) stall_after: Option<Duration>,
    /// The cores that workers are pinned to, or none.
    pub(crate) cores: Vec<core_affinity::CoreId>,
    /// The prefix of the threads' names.
    pub(crate) thread_name: String,
    /// The size of the worker threads' stacks, or the default of `std`.
    pub(crate) stack_size: Option<usize>,
    /// How many threads in announced calls do not count as worker threads.
    pub(crate) max_blocking_threads: usize,
    pub(crate) on_stall: Option<Hook>,
    pub(crate) on_panic: Option<PanicHook>,
    pub(crate) on_thread_start: Option<ThreadHook>,
    pub(crate) on_thread_stop: Option<ThreadHook>,
}

/// Returns an error unless a runtime of at most `max_threads` threads can have `workers` workers.
pub(crate) fn check_workers(workers: usize, max_threads: usize) -> io::Result<()> {
    match workers {
        0 => Err(invalid("a runtime needs at least one worker".into())),
        _ if workers > max_threads => {
            Err(invalid(format!("cannot run {workers} workers on at most {max_threads} threads")))
        }
        _ => Ok(()),
    }
}

/// Returns the number of processors that the process may use, by its affinity and its quota.
pub(crate) fn default_workers() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(MAX))
}

/// Returns an error of kind `InvalidInput`.
pub(crate) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
