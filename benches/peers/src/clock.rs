//! One sample: threads that do one thing over and over, for a given time.

use std::{
    sync::{
        Barrier, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use crate::things::made;

/// How to take a sample.
#[derive(Clone, Copy)]
pub struct Plan {
    pub threads: usize,
    pub time: Duration,
    /// Whether pools that can age are aged all the time.
    pub collects: bool,
    /// Whether the pool is as new when the clock starts, and what it makes ahead of time counts.
    pub cold: bool,
}

pub struct Sample {
    pub operations: u64,
    /// From the start of all threads to the end of the last.
    pub wall: Duration,
    /// How many things were made, where that is known.
    pub made: u64,
}

/// What one thread did, and when it had done it.
struct Part {
    operations: u64,
    made: u64,
    end: Instant,
}

/// About how long a thread works before it looks at the clock.
const STRETCH: Duration = Duration::from_micros(50);
const COLLECT_EVERY: Duration = Duration::from_millis(1);

/// Has threads use a new pool: `run` does a number of operations.
pub fn sample<P: Sync>(
    plan: &Plan,
    new: fn() -> P,
    collect: Option<fn()>,
    run: fn(&P, u64),
) -> Sample {
    let stretch = stretch(plan, &new(), run);
    let before = made();
    let pool = new();
    let ahead = if plan.cold { made() - before } else { 0 };
    let mut sample = with_collects(collect.filter(|_| plan.collects), || {
        on_threads(plan, |clock| {
            if !plan.cold {
                run(&pool, stretch);
            }
            clock.time(stretch, || run(&pool, stretch))
        })
    });
    sample.made += ahead;
    sample
}

/// How many operations take about as long as `STRETCH`, on one thread.
fn stretch<P>(plan: &Plan, pool: &P, run: fn(&P, u64)) -> u64 {
    let wanted = STRETCH.min(plan.time);
    let mut times = 1;
    loop {
        // The first time may make what the second finds.
        run(pool, times);
        let start = Instant::now();
        run(pool, times);
        if start.elapsed() >= wanted {
            return times;
        }
        times *= 2;
    }
}

/// Calls `collect` every millisecond while `f` runs.
fn with_collects<R>(collect: Option<fn()>, f: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    thread::scope(|s| {
        let _end = End(&over);
        if let Some(collect) = collect {
            let over = &over;
            s.spawn(move || {
                while !over.load(Relaxed) {
                    thread::sleep(COLLECT_EVERY);
                    collect();
                }
            });
        }
        f()
    })
}

/// Says that it is over, also in a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The clock that threads share. It starts when all are ready.
struct Clock {
    ready: Barrier,
    end: OnceLock<Instant>,
    time: Duration,
    /// There are more threads than processors: they take turns.
    crowded: bool,
}

impl Clock {
    /// Repeats `f`, which does so many operations, until the time is over.
    fn time(&self, operations: u64, f: impl Fn()) -> Part {
        self.ready.wait();
        let before = made();
        let over = *self.end.get_or_init(|| Instant::now() + self.time);
        let mut done = 0;
        loop {
            f();
            done += operations;
            let end = Instant::now();
            if end >= over {
                return Part { operations: done, made: made() - before, end };
            }
            if self.crowded {
                thread::yield_now();
            }
        }
    }
}

fn on_threads(plan: &Plan, work: impl Fn(&Clock) -> Part + Sync) -> Sample {
    let clock = Clock {
        ready: Barrier::new(plan.threads),
        end: OnceLock::new(),
        time: plan.time,
        crowded: plan.threads > processors(),
    };
    let parts: Vec<Part> = thread::scope(|s| {
        let handles: Vec<_> = (0..plan.threads).map(|_| s.spawn(|| work(&clock))).collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let start = *clock.end.get().unwrap() - clock.time;
    let end = parts.iter().map(|part| part.end).max().unwrap();
    Sample {
        operations: parts.iter().map(|part| part.operations).sum(),
        wall: end - start,
        made: parts.iter().map(|part| part.made).sum(),
    }
}

pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get())
}
