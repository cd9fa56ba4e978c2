//! The metrics of a runtime.

use crate::rt::sched::{
    proc::{P, state},
    shared::Shared,
};

/// Gauges and counters of a runtime: the result of
/// [`Runtime::metrics`](crate::rt::Runtime::metrics).
///
/// Each value is right for some moment of the recent past, which may differ between values. While
/// the runtime is idle, all values are exact.
///
/// # Examples
///
/// ```
/// let runtime = corepool::rt::Builder::new().workers(2).build()?;
/// runtime.block_on(runtime.spawn(async {})).unwrap();
///
/// let metrics = runtime.metrics();
/// assert_eq!(metrics.workers, 2);
/// assert!(metrics.spawned >= 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// The number of workers that was set: see [`Builder::workers`](crate::rt::Builder::workers).
    pub workers: usize,
    /// Worker threads, whether running, asleep, stuck or being started.
    pub threads: usize,
    /// Workers that run tasks or look for some, including surplus workers that have not noticed
    /// yet. Excludes those that block.
    pub running: usize,
    /// Workers inside [`blocking`](crate::rt::blocking()), or that look up the address of a socket,
    /// that have not been replaced.
    pub blocking: usize,
    /// Workers that are stuck in a poll or block, and have been replaced.
    pub detached: usize,
    /// Workers that look for tasks.
    pub spinning: usize,
    /// Tasks that are ready and wait for a worker.
    pub queued: usize,
    /// The tasks of `queued` that are in the global queue.
    pub injected: usize,
    /// Tasks that have not ended.
    pub alive: usize,
    /// Tasks that have been spawned.
    pub spawned: u64,
    /// Polls of tasks. Each worker counts up to half of `usize::MAX`, then wraps to 0.
    pub polls: u64,
    /// How often a worker has stolen tasks from another.
    pub steals: u64,
    /// How often a worker has found nothing to do.
    pub parks: u64,
    /// Polls that have lasted too long: see
    /// [`Builder::stall_after`](crate::rt::Builder::stall_after).
    pub stalls: u64,
    /// Tasks that have panicked.
    pub panics: u64,
    /// How often waiting tasks got no thread because
    /// [`max_threads`](crate::rt::Builder::max_threads) was reached.
    pub capped: u64,
}

impl Metrics {
    /// The metrics of `shared`, now.
    pub(crate) fn of(shared: &Shared) -> Self {
        let sched = &shared.sched;
        let (threads, detached) = {
            let inner = sched.lock();
            (inner.threads, inner.detached)
        };
        // The finished tasks are counted first, so that they never outnumber the spawned ones.
        let finished = shared.finished();
        let spawned = sum(shared, |p| p.counts.spawned.get()) + shared.spawned.get();
        let injected = sched.injected();
        let in_state = |wanted| sched.ps().filter(|p| p.watched_state() == wanted).count();
        Self {
            workers: sched.target(),
            threads,
            running: in_state(state::RUNNING) + in_state(state::SURPLUS),
            blocking: in_state(state::BLOCKING),
            detached,
            spinning: sched.spinning(),
            queued: injected + sched.ps().map(P::queued).sum::<usize>(),
            injected,
            // Each counter wraps, and so does the difference. Below 0 only while threads count.
            alive: (spawned.wrapping_sub(finished) as isize).max(0) as usize,
            spawned,
            polls: sum(shared, P::polls),
            steals: sum(shared, |p| p.counts.steals.get()),
            parks: sum(shared, |p| p.counts.parks.get()),
            stalls: shared.stalls.get(),
            panics: shared.panics.get(),
            capped: sched.capped.get(),
        }
    }
}

/// Sums a count over all Ps.
fn sum(shared: &Shared, count: impl Fn(&P) -> u64) -> u64 {
    shared.sched.ps().map(count).sum()
}
