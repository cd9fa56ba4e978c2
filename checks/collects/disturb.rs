//! How much a thread that uses a thousand pools is slowed down by collects that follow each other.
//!
//! In each round, 256 threads use all pools first, so that the collects have much to do. Then the
//! thread is measured in two windows of the same length. In the first, another thread collects. In the
//! second, that thread computes something, so that the processors have the same load.

use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, collect, set_collect_interval};

use crate::figures;

const POOLS: usize = 1000;
const THREADS: usize = 256;
const ROUNDS: usize = 21;

/// The time that no call should exceed.
const LIMIT: Duration = Duration::from_micros(50);

/// How many collects follow each other in a round. The first ones find all shards in use, and free
/// them.
const COLLECTS: usize = 4;

/// What the user saw in a window: its calls in a second, and the times of all calls, sorted.
struct Window {
    speed: f64,
    calls: Vec<Duration>,
}

pub(crate) fn run() {
    set_collect_interval(None);
    let pools: Vec<_> = (0..POOLS).map(|_| <Pool<u64>>::new(|| 0)).collect();
    let touch = || pools.iter().for_each(|pool| drop(pool.get()));
    let (begin, done, over) =
        (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1), AtomicBool::new(false));
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                loop {
                    begin.wait();
                    if over.load(Relaxed) {
                        break;
                    }
                    touch();
                    done.wait();
                }
            });
        }
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| {
                begin.wait();
                done.wait();
                touch();
                round(&pools)
            })
            .collect();
        over.store(true, Relaxed);
        begin.wait();
        report(&rounds);
    });
}

/// Measures the user beside collects, and then beside a computation that takes as long.
fn round(pools: &[Pool<u64>]) -> [Window; 2] {
    let mut length = Duration::ZERO;
    let collecting = window(pools, || {
        let start = Instant::now();
        (0..COLLECTS).for_each(|_| collect());
        length = start.elapsed();
    });
    let computing = window(pools, || {
        let start = Instant::now();
        while start.elapsed() < length {
            (0..1000_u64).for_each(|i| _ = black_box(i));
        }
    });
    [collecting, computing]
}

/// Uses the pools until another thread has done its `work`.
fn window(pools: &[Pool<u64>], work: impl FnOnce() + Send) -> Window {
    let (ready, over) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|s| {
        s.spawn(|| {
            ready.wait();
            work();
            over.store(true, Relaxed);
        });
        pools.iter().for_each(|pool| drop(pool.get()));
        ready.wait();
        let (start, mut calls) = (Instant::now(), Vec::with_capacity(1 << 20));
        let mut before = start;
        for pool in pools.iter().cycle() {
            black_box(&mut *pool.get());
            let now = Instant::now();
            calls.push(now - before);
            before = now;
            if over.load(Relaxed) {
                break;
            }
        }
        let speed = calls.len() as f64 / start.elapsed().as_secs_f64();
        calls.sort();
        Window { speed, calls }
    })
}

/// Reports the medians over the rounds. Speeds are ratios to the control of the same round.
fn report(rounds: &[[Window; 2]]) {
    let median = |of: &dyn Fn(&[Window; 2]) -> f64| {
        let mut figures: Vec<_> = rounds.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        figures[ROUNDS / 2]
    };
    for (i, what) in ["beside collects", "beside a computation"].into_iter().enumerate() {
        let late = |window: &Window| window.calls.iter().filter(|&&call| call > LIMIT).count();
        figures(
            "disturb",
            &format!("{POOLS} pools, {THREADS} threads, {what}"),
            &[
                ("speed", median(&|round| round[i].speed / round[1].speed)),
                ("longest call", median(&|round| micros(round[i].calls.last()))),
                ("calls over 50 \u{b5}s", median(&|round| late(&round[i]) as f64)),
            ],
        );
    }
}

fn micros(time: Option<&Duration>) -> f64 {
    time.map_or(0.0, |time| time.as_nanos() as f64 / 1000.0)
}
