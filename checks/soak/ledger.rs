//! The ledger of each pool, and the end of the run when a ledger is wrong.

use std::fmt;
use std::process::exit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use corepool::Stats;

use crate::args::{self, Args};

pub const MAX_POOLS: usize = 512;

/// For how long a difference may last.
const PATIENCE: Duration = Duration::from_secs(100);

/// A counter that all threads share.
pub struct Count(AtomicU64);

impl Count {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Counts of one pool's objects. The ledger survives when the pool is dropped and created again.
#[repr(align(128))]
pub struct Ledger {
    pub index: usize,
    /// Calls of `get`, `take`, `try_get` and `try_take`.
    pub gets: Count,
    /// Calls of `create` that returned.
    pub created: Count,
    /// Destructors that the pool has run.
    pub dropped: Count,
    /// Guards that were forgotten, and objects that were taken out and not returned.
    pub leaked: Count,
    pub detached: Count,
}

pub static LEDGERS: [Ledger; MAX_POOLS] = {
    let mut ledgers = [const { Ledger::new(0) }; MAX_POOLS];
    let mut index = 0;
    while index < MAX_POOLS {
        ledgers[index].index = index;
        index += 1;
    }
    ledgers
};

impl Ledger {
    const fn new(index: usize) -> Self {
        Self {
            index,
            gets: Count::new(),
            created: Count::new(),
            dropped: Count::new(),
            leaked: Count::new(),
            detached: Count::new(),
        }
    }

    /// Whether `create` sometimes panics.
    pub fn is_flaky(&self) -> bool {
        self.index % 7 == 3
    }

    /// Whether destructors sometimes panic.
    pub fn is_brittle(&self) -> bool {
        self.index % 7 == 5
    }

    /// Returns the number of objects that were neither dropped, leaked nor detached. Exact when no
    /// thread is at work.
    pub fn alive(&self) -> u64 {
        let gone = self.dropped.get() + self.leaked.get() + self.detached.get();
        let Some(alive) = self.created.get().checked_sub(gone) else {
            violation(format_args!("pool {} lost {self:?}", self.index));
        };
        alive
    }

    /// Checks that the pool is empty, after all threads have ended. The collect thread may still have to
    /// run destructors.
    pub fn close(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.alive() > 0 {
            if Instant::now() > deadline {
                violation(format_args!("pool {} kept objects: {self:?}", self.index));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Compares the ledger with the pool's counters, when no thread is at work or holds an object.
    /// `whole`: the pool has existed since the start of the run. `weight`: what each object weighs, if
    /// the pool weighs them.
    ///
    /// The collect thread may still have to run destructors of objects that are counted as dropped. So a
    /// difference is a violation only if it lasts.
    pub fn compare(
        &self,
        stats: impl Fn() -> Stats,
        max_idle: usize,
        whole: bool,
        weight: Option<usize>,
    ) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stats = stats();
            let heavy = weight.is_some_and(|it| stats.idle_bytes != stats.idle * it as u64);
            let heavy = heavy.then_some("wrong weight of idle objects");
            let Some(what) = self.difference(&stats, max_idle, whole).or(heavy) else { return };
            if Instant::now() > deadline {
                violation(format_args!("pool {}: {what}: {stats:?}, {self:?}", self.index));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn difference(&self, stats: &Stats, max_idle: usize, whole: bool) -> Option<&'static str> {
        if stats.idle > max_idle as u64 {
            return Some("more idle objects than its bound");
        }
        if stats.idle != self.alive() {
            return Some("idle objects differ from live objects");
        }
        if !whole {
            return None;
        }
        if stats.created != self.created.get() {
            return Some("wrong number of created objects");
        }
        if stats.outstanding != self.leaked.get() {
            return Some("objects outstanding that are neither held nor leaked");
        }
        if stats.dropped != self.dropped.get() {
            return Some("wrong number of dropped objects");
        }
        let gets_differ = stats.hits + stats.misses != self.gets.get();
        gets_differ.then_some("wrong number of gets")
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("gets", &self.gets.get())
            .field("created", &self.created.get())
            .field("dropped", &self.dropped.get())
            .field("leaked", &self.leaked.get())
            .field("detached", &self.detached.get())
            .finish()
    }
}

/// One run of this program.
pub struct Run {
    pub start: Instant,
    pub args: Args,
}

impl Run {
    pub fn get() -> &'static Self {
        static RUN: OnceLock<Run> = OnceLock::new();
        RUN.get_or_init(|| Self { start: Instant::now(), args: args::parse() })
    }

    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// Reports a violation and ends the run.
#[cold]
pub fn violation(what: fmt::Arguments<'_>) -> ! {
    static FIRST: AtomicBool = AtomicBool::new(true);
    while !FIRST.swap(false, Relaxed) {
        thread::sleep(Duration::from_secs(60));
    }
    let run = Run::get();
    eprintln!("soak: VIOLATION after {:.1} s: {what} (seed {})", run.seconds(), run.args.seed);
    exit(1)
}
