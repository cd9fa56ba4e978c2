//! Statistics of pools and runtimes for the crate [`metrics`](https://docs.rs/metrics), and so for Prometheus, StatsD and
//! others.
//!
//! [`install`] starts a thread that reads the statistics once a second, and passes them to the recorder of the
//! program. A pool takes part if it has a [name](crate::Pool::with_name), from its first use on. Neither a
//! `get` nor a `put` does anything for it.
//!
//! | metric | kind | value for the pools with one name |
//! |---|---|---|
//! | `corepool_idle` | gauge | idle objects |
//! | `corepool_outstanding` | gauge | objects that are out of the pool |
//! | `corepool_created_total` | counter | objects created |
//! | `corepool_dropped_total` | counter | objects dropped, for each `reason` |
//! | `corepool_hits_total`, `corepool_misses_total` | counter | gets that found an idle object, or none |
//! | `corepool_steals_total` | counter | hits on objects that other threads had put |
//! | `corepool_victim_hits_total` | counter | hits on objects that a collect had aged |
//! | `corepool_collects_total` | counter | how often the pool has aged |
//!
//! The label `pool` is the name. Pools with the same name are added up. The label `reason` is `aged`, `cleared`,
//! `full`, `refused`, `discarded` or `panicking`: see [`Stats`](crate::Stats). Counters never decrease: what a
//! pool has counted stays when the pool is dropped.
//!
//! A `BufferPool` with a name takes part, too, as the sum of its size classes. So `corepool_created_total` also
//! counts buffers that were adopted, and `corepool_collects_total` each class that has aged. A request that finds
//! nothing in its class searches the next one. `corepool_misses_total` counts both searches if they fail, and the
//! first one if the second succeeds: compare the hits with the buffers that were created instead.
//!
//! With the feature `rt`, there are metrics for each runtime, with the labels `runtime`, a number that counts
//! runtimes from 1 on, and `name`, which is [`thread_name`](crate::rt::Builder::thread_name). The gauges are
//! `corepool_rt_workers`, `_threads`, `_running`, `_blocking`, `_detached`, `_spinning`, `_queued`, `_injected` and
//! `_alive`; the counters are `corepool_rt_spawned_total`, `_polls_total`, `_steals_total`, `_parks_total`,
//! `_stalls_total`, `_panics_total` and `_capped_total`. [`Metrics`](crate::rt::Metrics) says what each means. When
//! a runtime has ended, its gauges become 0.
//!
//! Install the recorder first: it is told what the metrics mean when `install` is called. The page
//! `guide::observability` says what to watch, and shows a live page.
//!
//! # Examples
//!
//! ```
//! use corepool::Pool;
//!
//! static REQUESTS: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new).with_name("requests");
//!
//! # fn main() -> std::io::Result<()> {
//! // Here the program installs its recorder.
//! let metrics = corepool::metrics::install()?;
//! REQUESTS.get().push(1);
//! // For a recorder that is just about to be read.
//! metrics.update();
//! # Ok(())
//! # }
//! ```

pub(crate) mod total;

mod sample;

mod pools;

#[cfg(all(feature = "rt", not(target_family = "wasm")))]
mod runtimes;

mod sampler;

use std::{
    fmt, io, mem, process,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use sampler::Sampler;

use crate::{collect::fork, sync::without_signals};

/// How often `install` reads the statistics.
const INTERVAL: Duration = Duration::from_secs(1);

/// The size of the thread's stack. Recorders need little.
const STACK: usize = 256 << 10;

/// Starts to report pools and runtimes to the recorder of the program, once a second. See
/// [the module](self).
///
/// The first report is made before this returns. Dropping the guard ends the reports. There may be several
/// guards, which report the same values.
///
/// # Errors
///
/// If the thread that makes the reports cannot be started.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let guard = corepool::metrics::install()?;
/// // ...
/// drop(guard);
/// # Ok(())
/// # }
/// ```
pub fn install() -> io::Result<Guard> {
    install_with_interval(INTERVAL)
}

/// As [`install`], with another interval between the reports.
///
/// # Errors
///
/// If `interval` is zero, or if the thread cannot be started.
pub fn install_with_interval(interval: Duration) -> io::Result<Guard> {
    if interval.is_zero() {
        let why = "the interval of the metrics must not be zero";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    fork::watch();
    // bug: child waits for a report of its parent
    #[cfg(all(feature = "rt", not(target_family = "wasm")))]
    crate::rt::context::fork::watch();
    let sampler = Arc::<Sampler>::default();
    let shared = Arc::clone(&sampler);
    let thread = thread::Builder::new().name("corepool-metrics".into()).stack_size(STACK);
    // bug: signals reach the sampler
    let thread = without_signals(|| thread.spawn(move || shared.run(interval)))?;
    let guard = Guard { sampler, thread: Some(thread), process: process::id() };
    Sampler::describe();
    guard.update();
    Ok(guard)
}

/// Keeps the reports of [`install`] going. Dropping it ends them, and waits for a report in progress.
///
/// A forked child makes no reports: there the guard does nothing, and the child may call `install`.
#[must_use = "dropping the guard ends the reports"]
pub struct Guard {
    sampler: Arc<Sampler>,
    thread: Option<JoinHandle<()>>,
    /// The process that has started the thread.
    process: u32,
}

impl Guard {
    /// Reports now, on the calling thread. Call it before a recorder is read whose reader must not be given
    /// values that are up to a second old.
    pub fn update(&self) {
        if self.is_in_its_process() {
            self.sampler.update();
        }
    }

    /// Returns false in a forked child, where the thread does not exist, and what it had locked at the fork
    /// stays locked.
    fn is_in_its_process(&self) -> bool {
        self.process == process::id()
    }
}

impl Drop for Guard {
    /// Ends the thread and waits for it, unless this is that thread.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // bug: parent's sampler joined in a child
        if !self.is_in_its_process() {
            // Its id may belong to another thread, which dropping the handle would detach.
            mem::forget(thread);
            return;
        }
        self.sampler.stop();
        // A recorder may drop the guard.
        // bug: sampler joins itself
        if thread.thread().id() != thread::current().id() {
            // No error: the thread does not panic.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
