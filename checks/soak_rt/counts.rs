//! Counts that must balance.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use corepool::rt;

/// More than the threads of any runtime in this program.
const INDICES: usize = 1024;

/// The counts of one runtime.
#[derive(Debug)]
pub struct Counts {
    /// Live futures and wakers, counted by the `Entry` in each.
    live: AtomicUsize,
    /// For each worker index, the threads in a poll with that index.
    owners: [AtomicUsize; INDICES],
}

impl Counts {
    pub fn new() -> Arc<Self> {
        let owners = [const { AtomicUsize::new(0) }; INDICES];
        Arc::new(Self { live: AtomicUsize::new(0), owners })
    }

    pub fn live(&self) -> usize {
        self.live.load(SeqCst)
    }

    /// Runs a part of a poll, and checks that no other thread has this thread's index meanwhile.
    pub fn within<R>(&self, part: impl FnOnce() -> R) -> R {
        let index = rt::current_worker().expect("a worker polls").index();
        let others = self.owners[index].fetch_add(1, SeqCst);
        assert_eq!(others, 0, "two threads have the index {index}");
        let result = part();
        let now = rt::current_worker().expect("a worker polls").index();
        assert_eq!(now, index, "the index changed within a poll");
        self.owners[index].fetch_sub(1, SeqCst);
        result
    }
}

/// Owned by a future or a waker, and dropped with it.
#[derive(Debug)]
pub struct Entry(Arc<Counts>);

impl Entry {
    pub fn new(counts: &Arc<Counts>) -> Self {
        counts.live.fetch_add(1, SeqCst);
        Self(Arc::clone(counts))
    }

    /// As `new`, for the future of a task.
    pub fn of_task(counts: &Arc<Counts>) -> Self {
        TOTAL.tasks.fetch_add(1, SeqCst);
        Self::new(counts)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let before = self.0.live.fetch_sub(1, SeqCst);
        assert!(before > 0, "a future or a waker was dropped twice");
    }
}

/// All runtimes together.
pub static TOTAL: Total = Total::new();

#[derive(Debug)]
pub struct Total {
    pub tasks: AtomicU64,
    pub polls: AtomicU64,
    pub stalls: AtomicU64,
    pub steals: AtomicU64,
    pub panics: AtomicU64,
    pub aborts: AtomicU64,
    pub timers: AtomicU64,
    pub connections: AtomicU64,
    pub bytes: AtomicU64,
}

impl Total {
    const fn new() -> Self {
        Self {
            tasks: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            stalls: AtomicU64::new(0),
            steals: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            aborts: AtomicU64::new(0),
            timers: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub fn add(&self, metrics: &rt::Metrics) {
        self.polls.fetch_add(metrics.polls, SeqCst);
        self.stalls.fetch_add(metrics.stalls, SeqCst);
        self.steals.fetch_add(metrics.steals, SeqCst);
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (&self.tasks, "tasks"),
            (&self.polls, "polls"),
            (&self.stalls, "stuck"),
            (&self.steals, "steals"),
            (&self.panics, "panics"),
            (&self.aborts, "aborts"),
            (&self.timers, "timers fired"),
            (&self.connections, "connections"),
            (&self.bytes, "bytes back"),
        ];
        let counts = counts.map(|(count, what)| format!("{} {what}", count.load(SeqCst)));
        f.write_str(&counts.join(", "))
    }
}
