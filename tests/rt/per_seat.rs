//! On workers, the value of a `PerSeat` is that of the worker's P.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use corepool::{
    PerSeat,
    rt::{self, Builder},
};

use crate::util::{Rng, run};

#[derive(Default)]
struct Count {
    count: AtomicUsize,
    busy: AtomicBool,
}

/// With workers that are stuck, block and are replaced, no two threads have one value at a time, and no count is
/// lost. There are no more values than threads at one time.
#[test]
fn per_seat_values_of_workers_are_exclusive() {
    static COUNTS: PerSeat<Count> = PerSeat::new(Count::default);
    const THREADS: usize = 40;
    const TASKS: usize = 16;
    const TIMES: usize = 300;
    let runtime = Builder::new()
        .workers(3)
        .max_threads(THREADS)
        .stall_after(Some(Duration::from_millis(1)))
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|seed| {
            runtime.spawn(async move {
                let mut rng = Rng(seed as u64 + 1);
                for _ in 0..TIMES {
                    COUNTS.with(|own| {
                        assert!(!own.busy.swap(true, Relaxed), "two threads have one value");
                        let before = own.count.load(Relaxed);
                        match rng.below(100) {
                            0 => thread::sleep(Duration::from_millis(3)),
                            1 => rt::blocking(|| thread::sleep(Duration::from_millis(3))),
                            2 => thread::yield_now(),
                            _ => {}
                        }
                        own.count.store(before + 1, Relaxed);
                        own.busy.store(false, Relaxed);
                    });
                    rt::yield_now().await;
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert_eq!(COUNTS.fold(0, |sum, one| sum + one.count.load(Relaxed)), TASKS * TIMES);
    assert!(COUNTS.iter().count() <= THREADS + 2);
    run(&runtime, async { COUNTS.with(|own| assert!(!own.busy.load(Relaxed))) });
}
