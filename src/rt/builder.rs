//! The builder of a runtime.

use std::{fmt, io, sync::Arc, time::Duration};

use super::{
    config::{
        Config, Hook, MAX, PanicHook, Stall, TaskPanic, ThreadHook, check_workers, default_workers,
        invalid,
    },
    context::{fork, runtimes},
    runtime::Runtime,
    sched::shared::{Mains, Shared},
    threads::{affinity, sysmon, worker},
};

/// The default of `max_threads`, unless the workers need more.
const THREADS: usize = 512;

/// The default of `max_blocking_threads`.
const BLOCKING_THREADS: usize = 512;

/// The smallest stack of a worker thread.
const STACK: usize = 64 << 10;

/// Passed to each runtime.
const MAINS: Mains =
    Mains { worker: worker::main, sysmon: sysmon::main, reaper: worker::drop_tasks };

/// Configures and builds a [`Runtime`].
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
///     .on_stall(|stall| eprintln!("{} is stuck in {:?}", stall.thread, stall.task))
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
    stack_size: Option<usize>,
    max_blocking_threads: usize,
    on_stall: Option<Hook>,
    on_panic: Option<PanicHook>,
    on_thread_start: Option<ThreadHook>,
    on_thread_stop: Option<ThreadHook>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Returns a builder with the defaults: one worker per processor, at most 512 threads, and a
    /// poll is stuck after 10 ms.
    pub fn new() -> Self {
        Self {
            workers: None,
            max_threads: None,
            stall_after: Some(Duration::from_millis(10)),
            pin_cores: false,
            thread_name: "corepool-rt".into(),
            stack_size: None,
            max_blocking_threads: BLOCKING_THREADS,
            on_stall: None,
            on_panic: None,
            on_thread_start: None,
            on_thread_stop: None,
        }
    }

    /// Sets the number of workers: how many tasks run at a time, apart from those that are stuck or
    /// block. It is Go's `GOMAXPROCS`.
    ///
    /// Defaults to the number of processors available to the process (by its affinity and its
    /// quota), or to `max_threads` if that is lower. The default follows that number, which is
    /// checked every second while the runtime is not idle.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the largest number of worker threads, including those that are stuck, except for
    /// [`max_blocking_threads`](Self::max_blocking_threads) of those in announced calls. Once it is
    /// reached, stuck workers are not replaced.
    ///
    /// Default: the larger of 512 and twice the number of workers.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// Sets how many threads may be inside [`blocking`](crate::rt::blocking()) before further ones
    /// count as worker threads: see [`max_threads`](Self::max_threads). So calls that block do not
    /// use up the threads that tasks need.
    ///
    /// Default: 512.
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        self.max_blocking_threads = threads;
        self
    }

    /// Sets how long a poll may last while tasks wait, before another thread replaces the worker.
    /// While a few other workers are stuck, an eighth of that applies.
    ///
    /// Default: 10 ms. With `None` no worker is ever replaced, not even inside
    /// [`blocking`](crate::rt::blocking()).
    pub fn stall_after(mut self, limit: Option<Duration>) -> Self {
        self.stall_after = limit;
        self
    }

    /// Sets whether each worker is pinned to its own core, as long as there are enough cores;
    /// otherwise workers share cores. If the system refuses, a warning is written to the standard
    /// error, once.
    ///
    /// Default: `false`.
    pub fn pin_cores(mut self, pin: bool) -> Self {
        self.pin_cores = pin;
        self
    }

    /// Sets the prefix of the names of the runtime's threads. The name of a worker thread ends with
    /// the index of the worker, as in `corepool-rt-0`. If its index changes later, the system shows
    /// the new one (on Linux); [`Thread::name`](std::thread::Thread::name) stays as it was.
    ///
    /// Default: `"corepool-rt"`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// Sets the size of the stacks of worker threads, in bytes. It is rounded up to what the system
    /// needs.
    ///
    /// Default: as for other threads of the process, which is 2 MiB unless `RUST_MIN_STACK` is set.
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets a hook that each worker thread calls when it starts, inside the runtime. Its panics are
    /// caught.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// static THREADS: AtomicUsize = AtomicUsize::new(0);
    /// let runtime = corepool::rt::Builder::new()
    ///     .on_thread_start(|| _ = THREADS.fetch_add(1, Relaxed))
    ///     .on_thread_stop(|| _ = THREADS.fetch_sub(1, Relaxed))
    ///     .build()?;
    /// runtime.block_on(runtime.spawn(async { assert!(THREADS.load(Relaxed) > 0) })).unwrap();
    /// drop(runtime);
    /// assert_eq!(THREADS.load(Relaxed), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Sets a hook that each worker thread calls before it ends, inside the runtime. Its panics are
    /// caught.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Sets a hook that is called for each task that panics, by its worker. Its own panics are
    /// caught. Before that, the process's panic hook has been called. The runtime goes on, and the
    /// task's handle reports the panic.
    ///
    /// There is no hook by default: panics are counted, in [`Metrics::panics`].
    ///
    /// [`Metrics::panics`]: crate::rt::Metrics::panics
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = corepool::rt::Builder::new()
    ///     .on_panic(|panic| eprintln!("on worker {}: {:?}", panic.worker, panic.message()))
    ///     .build()?;
    /// assert!(runtime.block_on(runtime.spawn(async { panic!("on purpose") })).is_err());
    /// assert_eq!(runtime.metrics().panics, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_panic(mut self, hook: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static) -> Self {
        self.on_panic = Some(Arc::new(hook));
        self
    }

    /// Sets a hook that is called once for each poll that lasts too long: see
    /// [`stall_after`](Self::stall_after).
    ///
    /// A thread of its own calls it, after the worker was replaced: one call at a time. Its panics
    /// are caught. There is no hook by default.
    pub fn on_stall(mut self, hook: impl Fn(&Stall) + Send + Sync + 'static) -> Self {
        self.on_stall = Some(Arc::new(hook));
        self
    }

    /// Starts the runtime, with two threads: the one that watches the workers, and the first
    /// worker. The other workers are started when there is work for them.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `InvalidInput` if there would be no worker, fewer threads than
    /// workers, more than 16,384 of either or of threads that block, or stacks of less than 64 KiB;
    /// or if the thread name contains a zero byte. Returns
    /// the system's error if it does not start the two threads.
    pub fn build(self) -> io::Result<Runtime> {
        let config = self.config()?;
        crate::collect::fork::watch();
        fork::watch();
        let shared = runtimes::register(|id, me| Shared::new(id, config, MAINS, me.clone()));
        // From here on, an error drops the runtime, which stops the threads that were started.
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
        if self.max_blocking_threads > MAX {
            let threads = self.max_blocking_threads;
            return Err(invalid(format!("max_blocking_threads is {threads}, more than {MAX}")));
        }
        if let Some(bytes) = self.stack_size.filter(|&bytes| bytes < STACK) {
            return Err(invalid(format!("thread_stack_size is {bytes} bytes, less than {STACK}")));
        }
        if self.thread_name.contains('\0') {
            return Err(invalid("thread_name has a zero byte".into()));
        }
        Ok(Config {
            workers,
            by_hand: self.workers.is_some(),
            max_threads,
            stall_after: self.stall_after,
            cores: affinity::cores(self.pin_cores),
            thread_name: self.thread_name,
            stack_size: self.stack_size,
            max_blocking_threads: self.max_blocking_threads,
            on_stall: self.on_stall,
            on_panic: self.on_panic,
            on_thread_start: self.on_thread_start,
            on_thread_stop: self.on_thread_stop,
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
            .field("stack_size", &self.stack_size)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("on_stall", &self.on_stall.is_some())
            .field("on_panic", &self.on_panic.is_some())
            .field("on_thread_start", &self.on_thread_start.is_some())
            .field("on_thread_stop", &self.on_thread_stop.is_some())
            .finish()
    }
}

/// Here rather than in `runtime.rs`, which the builder needs.
impl Runtime {
    /// Builds a runtime with the defaults: see [`Builder::new`].
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }

    /// Returns a builder with the defaults: [`Builder::new`].
    pub fn builder() -> Builder {
        Builder::new()
    }
}
