//! Pools on workers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use corepool::{
    Pool,
    rt::{self, Builder},
};

use crate::util::{Rng, run, runtime, until};

/// Says if two have it.
#[derive(Default)]
struct Item {
    held: AtomicBool,
    uses: usize,
}

/// Go's `TestPoolStress` on workers that are stuck and replaced, with pools collected meanwhile.
#[test]
fn an_object_has_one_holder() {
    static POOL: Pool<Item> = Pool::new(Item::default);
    let runtime = Builder::new()
        .workers(3)
        .max_threads(40)
        .stall_after(Some(Duration::from_millis(1)))
        .build()
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..10)
        .map(|seed| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                let mut rng = Rng(seed + 1);
                while !stop.load(SeqCst) {
                    let mut item = POOL.get();
                    assert!(!item.held.swap(true, SeqCst), "two have it");
                    item.uses += 1;
                    match rng.below(300) {
                        0 => thread::sleep(Duration::from_millis(4)),
                        1 => rt::blocking(|| thread::sleep(Duration::from_millis(2))),
                        2..10 => rt::yield_now().await,
                        _ => {}
                    }
                    item.held.store(false, SeqCst);
                    drop(item);
                    if rng.below(50) == 0 {
                        rt::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for i in 0..100 {
        corepool::collect();
        runtime.set_workers(1 + i % 4).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, SeqCst);
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert!(runtime.metrics().stalls > 0);
    let before = POOL.stats();
    // What the workers have is not lost with them.
    drop(runtime);
    let stats = POOL.stats();
    assert_eq!(stats.created - stats.dropped, stats.idle, "{before:?} {stats:?}");
    corepool::collect();
    corepool::collect();
    assert_eq!(POOL.stats().idle, 0);
}

/// Go's `TestPreemptionGC`: a collect ends beside tasks that do not return.
#[test]
fn a_collect_beside_hogs() {
    let runtime = runtime(2);
    let stop = Arc::new(AtomicBool::new(false));
    let hogs: Vec<_> = (0..5)
        .map(|_| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move { until("the end", || stop.load(SeqCst)) })
        })
        .collect();
    run(&runtime, async {
        for _ in 0..10 {
            corepool::collect();
            rt::yield_now().await;
        }
    });
    stop.store(true, SeqCst);
    hogs.into_iter().for_each(|hog| runtime.block_on(hog).unwrap());
}

/// The runtime collects by itself.
#[test]
fn collects_come_by_time() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    #[derive(Default)]
    struct Counted;

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
            // A destructor may do anything, also if it is the runtime that collects.
            assert!(rt::current_worker().is_some());
        }
    }

    static POOL: Pool<Counted> = Pool::new(Counted::default);
    crate::util::in_a_process("pools::collects_come_by_time", || {
        corepool::set_collect_interval(Some(Duration::from_millis(20)));
        let runtime = Builder::new().workers(1).build().unwrap();
        run(&runtime, async { drop(POOL.get()) });
        until("the second collect", || DROPPED.load(SeqCst) == 1);
    });
}
