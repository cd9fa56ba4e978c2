//! One sample: threads that repeat one operation for a given time.

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
    /// Whether collects run during the sample, for pools that support them.
    pub collects: bool,
    /// Whether the pool is new when the clock starts, and objects that it creates ahead of time
    /// count.
    pub cold: bool,
}

pub struct Sample {
    pub operations: u64,
    /// From the start of all threads to the end of the last.
    pub wall: Duration,
    /// The number of objects created, if it is known.
    pub made: u64,
}

/// The operations of one thread, and when it ended.
struct Part {
    operations: u64,
    made: u64,
    end: Instant,
}

/// About how long a thread works before it reads the clock.
const STRETCH: Duration = Duration::from_micros(50);
const COLLECT_EVERY: Duration = Duration::from_millis(1);

/// Lets threads use a new pool. `run` does the given number of operations.
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

/// Returns how many operations take about `STRETCH`, on one thread.
fn stretch<P>(plan: &Plan, pool: &P, run: fn(&P, u64)) -> u64 {
    let wanted = STRETCH.min(plan.time);
    let mut times = 1;
    loop {
        // The first run may create the objects that the second one finds.
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

/// Sets the flag when it is dropped, even by a panic.
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
    /// Whether there are more threads than processors, so that they take turns.
    crowded: bool,
}

impl Clock {
    /// Repeats `f`, which does `operations` operations, until the time is over.
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
