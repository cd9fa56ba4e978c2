//! How long a collect delays a thread that uses a pool of up to a hundred thousand objects.
//!
//! In Go the world stops during a collection, and the benchmark reports for how long. Here no
//! thread stops, so the user's longest call during a collect bounds the delay.
//!
//! A collect visits private objects only, and executes nearly the same number of instructions for
//! any number of objects (`ci/instructions`). But creating many objects evicts the caches. A
//! collect of few objects, after as many plain boxes were created, measures that effect alone.

use std::{
    hint::black_box,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, collect};

use crate::figures;

const COLLECTS: usize = 300;

pub(crate) fn run() {
    for objects in [1_000, 10_000, 100_000] {
        measure(objects, 0, "");
    }
    measure(1_000, 100_000, ", beside 100000 boxes");
    // This thread has a seat, and does not acknowledge claims: each collect needs the heavy fence.
    static SLEEPER: Mutex<()> = Mutex::new(());
    let awake = SLEEPER.lock();
    let sleeper = thread::spawn(|| {
        drop(<Pool<u64>>::new(|| 1).get());
        drop(SLEEPER.lock());
    });
    measure(100_000, 0, ", beside an idle thread");
    drop(awake);
    sleeper.join().expect("the thread does not panic");
}

fn measure(objects: u64, boxes: u64, beside: &str) {
    let pool = <Pool<u64>>::new(|| 1);
    let phase = AtomicUsize::new(0);
    let (stalls, collects) = thread::scope(|s| {
        let user = s.spawn(|| stalls(&pool, &phase));
        let collects = collects(&pool, &phase, objects, boxes);
        (user.join().expect("the thread does not panic"), collects)
    });
    report("a user's longest call", objects, beside, stalls);
    report("the whole collect", objects, beside, collects);
}

/// Repeatedly fills the pool, creates boxes between the objects, and collects. Returns how long
/// each collect took. A collect here makes the idle objects victims, and drops none.
fn collects(pool: &Pool<u64>, phase: &AtomicUsize, objects: u64, boxes: u64) -> Vec<Duration> {
    let times = (0..COLLECTS).map(|_| {
        let mut others = Vec::new();
        for i in 0..objects {
            pool.put(i);
            // As large as the cell of an object.
            others.extend((0..boxes / objects).map(|j| Box::new([i, j])));
        }
        // Odd while a collect is under way.
        phase.fetch_add(1, SeqCst);
        let start = Instant::now();
        collect();
        let time = start.elapsed();
        phase.fetch_add(1, SeqCst);
        pool.clear();
        drop(others);
        time
    });
    let times = times.collect();
    phase.store(usize::MAX, SeqCst);
    times
}

/// Uses the pool until the end. Returns the longest call that overlapped each of the collects.
fn stalls(pool: &Pool<u64>, phase: &AtomicUsize) -> Vec<Duration> {
    let mut longest = vec![None::<Duration>; COLLECTS];
    let mut before = phase.load(SeqCst);
    while before != usize::MAX {
        let start = Instant::now();
        black_box(&mut *pool.get());
        let time = start.elapsed();
        let after = phase.load(SeqCst);
        if before % 2 == 1 || after != before {
            if let Some(longest) = longest.get_mut(before / 2) {
                *longest = (*longest).max(Some(time));
            }
        }
        before = after;
    }
    longest.into_iter().flatten().collect()
}

fn report(what: &str, objects: u64, beside: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_nanos() as f64 / 1000.0;
    let which = format!("corepool, {what}, {objects} objects{beside}");
    figures("stall", &which, &[("p50", at(50)), ("p95", at(95)), ("worst", at(100))]);
}
