//! A worker's index is exclusive for a whole poll.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use corepool::rt::{self, Builder, current_worker};

use crate::util::{Rng, run, runtime, spin, until};

const THREADS: usize = 64;

/// For each worker index, the number of threads in a poll with it.
#[derive(Default)]
struct Owners(Vec<AtomicUsize>);

impl Owners {
    fn hold(&self, during: impl FnOnce()) {
        let index = current_worker().unwrap().index();
        assert_eq!(self.0[index].fetch_add(1, SeqCst), 0, "two threads have index {index}");
        during();
        assert_eq!(current_worker().unwrap().index(), index, "the index changed within a poll");
        self.0[index].fetch_sub(1, SeqCst);
    }
}

/// With stalls, blocking calls, and changes of the number of workers.
#[test]
fn a_worker_index_is_exclusive() {
    let runtime = Builder::new()
        .workers(4)
        .max_threads(THREADS)
        .stall_after(Some(Duration::from_millis(1)))
        .build()
        .unwrap();
    let owners = Arc::new(Owners((0..THREADS).map(|_| AtomicUsize::new(0)).collect()));
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..24)
        .map(|seed| {
            let (owners, stop) = (Arc::clone(&owners), Arc::clone(&stop));
            runtime.spawn(async move {
                let mut rng = Rng(seed + 1);
                while !stop.load(SeqCst) {
                    let dice = rng.below(100);
                    owners.hold(|| match dice {
                        0 => thread::sleep(Duration::from_millis(5)),
                        1 => spin(Duration::from_millis(3)),
                        2..5 => rt::blocking(|| thread::sleep(Duration::from_millis(2))),
                        5..20 => rt::blocking(|| {}),
                        20..30 => drop(rt::spawn(async {})),
                        _ => {}
                    });
                    match dice % 3 {
                        0 => rt::sleep(Duration::from_micros(50)).await,
                        _ => rt::yield_now().await,
                    }
                }
            })
        })
        .collect();
    let mut rng = Rng(99);
    // Until something was stuck, which may be noticed late on a busy machine.
    for _ in (0..20_000).take_while(|&i| i < 150 || runtime.metrics().stalls == 0) {
        runtime.set_workers(1 + rng.below(6) as usize).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, SeqCst);
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    let metrics = runtime.metrics();
    assert!(metrics.stalls > 0, "nothing was stuck: {metrics:?}");
    assert!(metrics.threads <= THREADS);
}

/// While no worker is stuck, every index is less than the number of workers.
#[test]
fn worker_indices_are_below_the_number_of_workers() {
    let runtime = Builder::new().workers(2).stall_after(None).build().unwrap();
    for _ in 0..50 {
        assert!(run(&runtime, async { current_worker().unwrap().index() }) < 2);
    }
}

/// Go's `TestTraceSTW`: a task that runs alone again and again mostly runs on the same worker.
#[test]
fn a_lone_task_stays_on_one_worker_index() {
    let runtime = runtime(4);
    let same = (0..50).filter(|_| {
        until("all to sleep", || runtime.metrics().running == 0);
        run(&runtime, async { current_worker().unwrap().index() }) == 0
    });
    assert!(same.count() > 37);
}
