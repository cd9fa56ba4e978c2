//! What must add up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use corepool::rt;

/// More than any runtime here has threads.
const INDICES: usize = 64;

/// The books of one runtime.
#[derive(Debug)]
pub struct Books {
    /// Futures that there are, each counted by what it owns.
    live: AtomicUsize,
    /// Threads in a poll with an index.
    owners: [AtomicUsize; INDICES],
}

impl Books {
    pub fn new() -> Arc<Self> {
        let owners = [const { AtomicUsize::new(0) }; INDICES];
        Arc::new(Self { live: AtomicUsize::new(0), owners })
    }

    pub fn live(&self) -> usize {
        self.live.load(SeqCst)
    }

    /// A part of a poll, in which the index must be this thread's alone.
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

/// Goes with a future.
#[derive(Debug)]
pub struct Entry(Arc<Books>);

impl Entry {
    pub fn new(books: &Arc<Books>) -> Self {
        books.live.fetch_add(1, SeqCst);
        TOTAL.tasks.fetch_add(1, SeqCst);
        Self(Arc::clone(books))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let before = self.0.live.fetch_sub(1, SeqCst);
        assert!(before > 0, "a future was dropped twice");
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
        let [tasks, polls, stalls, steals, panics, aborts] =
            [&self.tasks, &self.polls, &self.stalls, &self.steals, &self.panics, &self.aborts]
                .map(|count| count.load(SeqCst));
        write!(
            f,
            "{tasks} tasks, {polls} polls, {stalls} stuck, {steals} steals, {panics} panics, {aborts} aborts"
        )
    }
}
