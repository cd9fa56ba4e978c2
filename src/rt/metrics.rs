//! What a runtime does, in figures.

use super::{
    proc::{P, state},
    shared::Shared,
};

/// What a runtime does, and has done: see [`Runtime::metrics`](super::Runtime::metrics).
///
/// Each figure is right for some moment of the recent past, not all for the same one. When nothing
/// runs, all are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// How many workers there are to be.
    pub workers: usize,
    /// Worker threads: at work, asleep, stuck, or being started.
    pub threads: usize,
    /// Workers at work, or looking for some, also those that are too many and have not noticed yet.
    /// Those that block are not among them.
    pub running: usize,
    /// Workers inside [`blocking`](super::blocking()), and not replaced.
    pub blocking: usize,
    /// Threads that were stuck in a poll, or blocked, and have been replaced.
    pub detached: usize,
    /// Workers that look for tasks.
    pub spinning: usize,
    /// Tasks that are ready and wait for a worker.
    pub queued: usize,
    /// Those of them in the global queue.
    pub injected: usize,
    /// Tasks that have not ended.
    pub alive: usize,
    /// Tasks that were spawned.
    pub spawned: u64,
    /// Polls of tasks. They are counted per worker in the machine's words, which wrap.
    pub polls: u64,
    /// Batches of tasks that a worker has taken from another.
    pub steals: u64,
    /// How often a worker found nothing to do.
    pub parks: u64,
    /// Polls that lasted too long.
    pub stalls: u64,
    /// How often no thread could be had for tasks that waited, because there were as many as
    /// [`max_threads`](super::Builder::max_threads) says.
    pub capped: u64,
}

impl Metrics {
    pub(crate) fn of(shared: &Shared) -> Self {
        let sched = &shared.sched;
        let (threads, detached) = {
            let inner = sched.lock();
            (inner.threads, inner.detached)
        };
        // What has ended is counted first, so that there are never more of those.
        let finished = sum(shared, |p| p.counts.finished.get()) + shared.finished.get();
        let spawned = sum(shared, |p| p.counts.spawned.get()) + shared.spawned.get();
        let injected = sched.injected();
        let within = |wanted| sched.ps().filter(|p| p.state() == wanted).count();
        Self {
            workers: sched.target(),
            threads,
            running: within(state::RUNNING) + within(state::SURPLUS),
            blocking: within(state::BLOCKING),
            detached,
            spinning: sched.spinning(),
            queued: injected + sched.ps().map(P::queued).sum::<usize>(),
            injected,
            alive: spawned.saturating_sub(finished) as usize,
            spawned,
            polls: sum(shared, |p| p.tick().polls() as u64),
            steals: sum(shared, |p| p.counts.steals.get()),
            parks: sum(shared, |p| p.counts.parks.get()),
            stalls: shared.stalls.get(),
            capped: sched.capped.get(),
        }
    }
}

fn sum(shared: &Shared, count: impl Fn(&P) -> u64) -> u64 {
    shared.sched.ps().map(count).sum()
}
