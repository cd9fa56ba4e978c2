//! The life of one runtime.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{Builder, JoinHandle, Runtime};

use crate::{
    counts::{Counts, TOTAL},
    dice::Dice,
    task::{Order, Planned, act, check},
    watchdog,
};

/// The most threads that a runtime may have.
const THREADS: u64 = 24;

pub fn play(dice: &mut Dice) {
    let runtime = build(dice);
    let (counts, stop) = (Counts::new(), Arc::new(AtomicBool::new(false)));
    let roots: Vec<_> = (0..1 + dice.below(100))
        .map(|_| {
            let (name, counts, stop) =
                (dice.below(u64::MAX), Arc::clone(&counts), Arc::clone(&stop));
            let order = Order { name, depth: 3, dice: dice.split(), counts, stop };
            (name, runtime.spawn(act(order)))
        })
        .collect();
    disturb(&runtime, dice);
    if dice.one_in(3) {
        // The shutdown comes while tasks run.
        stop.store(true, SeqCst);
        end(runtime, dice);
        drop(roots);
    } else {
        finish(&runtime, roots, dice);
        stop.store(true, SeqCst);
        until("all tasks end", || runtime.metrics().alive == 0);
        let metrics = runtime.metrics();
        assert_eq!(metrics.queued, 0, "{metrics:?}");
        assert!(metrics.threads <= THREADS as usize, "{metrics:?}");
        end(runtime, dice);
    }
    until("all futures are dropped", || counts.live() == 0);
}

fn build(dice: &mut Dice) -> Runtime {
    let workers = 1 + dice.below(4) as usize;
    let threads = (workers as u64 + dice.below(THREADS - 3)) as usize;
    let limit = [None, Some(0), Some(1), Some(10)][dice.below(4) as usize];
    let fails = dice.one_in(4);
    Builder::new()
        .workers(workers)
        .max_threads(threads)
        .stall_after(limit.map(Duration::from_millis))
        .on_stall(move |_| {
            if fails {
                resume_unwind(Box::new(Planned::default()));
            }
        })
        .build()
        .expect("threads can be started")
}

/// Changes the number of workers, collects, and reads the metrics.
fn disturb(runtime: &Runtime, dice: &mut Dice) {
    for _ in 0..dice.below(50) {
        match dice.below(4) {
            // The number may exceed `max_threads`: the result is ignored.
            0 => drop(runtime.set_workers(1 + dice.below(5) as usize)),
            1 => corepool::collect(),
            2 => drop(runtime.metrics()),
            _ => thread::sleep(dice.time()),
        }
    }
}

/// Waits for some of the tasks, outside of the runtime.
fn finish(runtime: &Runtime, roots: Vec<(u64, JoinHandle<u64>)>, dice: &mut Dice) {
    for (name, root) in roots {
        if dice.one_in(2) {
            check(name, runtime.block_on(root), false);
        }
    }
}

fn end(runtime: Runtime, dice: &mut Dice) {
    TOTAL.add(&runtime.metrics());
    if dice.one_in(2) {
        // Threads that were replaced are not waited for.
        until("all threads end", || runtime.shutdown(Duration::from_secs(60)));
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < watchdog::PATIENCE, "{what}: not in time");
        thread::sleep(Duration::from_micros(100));
    }
}
