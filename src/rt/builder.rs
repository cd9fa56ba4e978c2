//! How a runtime is to be.

use std::{fmt, io, sync::Arc, thread, time::Duration};

use super::{context, pin, runtime::Runtime, shared::Shared, sysmon::Stall};

/// The most workers, and the most threads, that a runtime can have.
const MAX: usize = 1 << 14;

/// Threads at most, if nothing is said and there are few workers.
const THREADS: usize = 512;

pub(crate) type Hook = Arc<dyn Fn(&Stall) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) workers: usize,
    /// Somebody has said how many.
    pub(crate) by_hand: bool,
    pub(crate) max_threads: usize,
    pub(crate) stall_after: Option<Duration>,
    pub(crate) cores: Vec<core_affinity::CoreId>,
    pub(crate) thread_name: String,
    pub(crate) on_stall: Option<Hook>,
}

/// Makes a [`Runtime`] as one wants it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = corepool::rt::Builder::new()
///     .workers(2)
///     .max_threads(64)
///     .stall_after(Some(Duration::from_millis(10)))
///     .thread_name("example")
///     .on_stall(|stall| eprintln!("worker {} is stuck", stall.worker))
///     .build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    workers: Option<usize>,
    max_threads: Option<usize>,
    stall_after: Option<Duration>,
    pin_cores: bool,
    thread_name: String,
    on_stall: Option<Hook>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// As many workers as there are processors, 512 threads at most, stalls after 10 ms.
    pub fn new() -> Self {
        Self {
            workers: None,
            max_threads: None,
            stall_after: Some(Duration::from_millis(10)),
            pin_cores: false,
            thread_name: "corepool-rt".into(),
            on_stall: None,
        }
    }

    /// How many tasks run at a time, not counting those that are stuck or block: Go's `GOMAXPROCS`.
    ///
    /// If it is not said, it is the number of processors that the process may use (by its affinity and
    /// its quota), or of threads at most if that is less. The processors are counted again every second
    /// in which there is something to do.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// How many worker threads there are at most, those included that are stuck or block. Workers
    /// that are stuck beyond that are not replaced. 512 if it is not said, or twice the workers.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// How long a poll may last while tasks wait, before another thread takes over; an eighth of that
    /// while some others are stuck. 10 ms if it is not said. `None`: no thread ever takes over, also
    /// not in [`blocking`](super::blocking()).
    pub fn stall_after(mut self, limit: Option<Duration>) -> Self {
        self.stall_after = limit;
        self
    }

    /// Whether each worker stays on a core of its own, as far as there are as many. Where the system
    /// refuses, a warning goes to the standard error, once.
    pub fn pin_cores(mut self, pin: bool) -> Self {
        self.pin_cores = pin;
        self
    }

    /// What the names of the threads begin with.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// Called once for each poll that lasts too long, by the thread that watches the others. It should
    /// be quick. What it panics with is lost.
    pub fn on_stall(mut self, hook: impl Fn(&Stall) + Send + Sync + 'static) -> Self {
        self.on_stall = Some(Arc::new(hook));
        self
    }

    /// Starts the runtime: the thread that watches, and the first worker. The others are started when
    /// there is work for them.
    ///
    /// # Errors
    ///
    /// Of kind `InvalidInput`, if there is to be no worker, fewer threads than workers, or more than
    /// 16,384 of either, or if a thread's name has a zero byte. Else what the system says, if it
    /// does not start the two threads.
    pub fn build(self) -> io::Result<Runtime> {
        let config = self.config()?;
        let shared = context::register(|id, me| Shared::new(id, config, me.clone()));
        // From here on the drop of the runtime sees to what there is of it.
        let runtime = Runtime::of(shared);
        runtime.start()?;
        Ok(runtime)
    }

    fn config(self) -> io::Result<Config> {
        let most = self.max_threads.unwrap_or(MAX).max(1);
        let workers = self.workers.unwrap_or_else(|| default_workers().min(most));
        check_workers(workers, MAX)?;
        let max_threads = self.max_threads.unwrap_or_else(|| THREADS.max(2 * workers).min(MAX));
        if max_threads > MAX {
            return Err(invalid(format!("max_threads is {max_threads}, which is more than {MAX}")));
        }
        check_workers(workers, max_threads)?;
        if self.thread_name.contains('\0') {
            return Err(invalid("thread_name has a zero byte".into()));
        }
        Ok(Config {
            workers,
            by_hand: self.workers.is_some(),
            max_threads,
            stall_after: self.stall_after,
            cores: pin::cores(self.pin_cores),
            thread_name: self.thread_name,
            on_stall: self.on_stall,
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("max_threads", &self.max_threads)
            .field("stall_after", &self.stall_after)
            .field("pin_cores", &self.pin_cores)
            .field("thread_name", &self.thread_name)
            .field("on_stall", &self.on_stall.is_some())
            .finish()
    }
}

/// Whether a runtime with so many threads at most can have so many workers.
pub(crate) fn check_workers(workers: usize, max_threads: usize) -> io::Result<()> {
    match workers {
        0 => Err(invalid("a runtime needs a worker at least".into())),
        _ if workers > max_threads => {
            Err(invalid(format!("{workers} workers are more than {max_threads} threads")))
        }
        _ => Ok(()),
    }
}

/// The processors that the process may use.
pub(crate) fn default_workers() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(MAX))
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
