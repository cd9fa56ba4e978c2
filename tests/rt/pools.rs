//! Pools on workers, and collects that a runtime runs.

use std::{
    alloc::System,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use corepool::{
    Pool,
    alloc::PacedAlloc,
    rt::{self, Builder, Runtime},
};

use crate::util::{Rng, run, runtime, until};

/// An object that detects two holders.
#[derive(Default)]
struct Item {
    held: AtomicBool,
    uses: usize,
}

/// Go's `TestPoolStress`, with workers that are stuck and replaced, and collects at the same time.
#[test]
fn a_pooled_object_has_one_holder() {
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
                    assert!(!item.held.swap(true, SeqCst), "two tasks hold it");
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
    // Until something was stuck, which may be noticed late on a busy machine.
    for i in (0..20_000).take_while(|&i| i < 100 || runtime.metrics().stalls == 0) {
        corepool::collect();
        runtime.set_workers(1 + i % 4).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, SeqCst);
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert!(runtime.metrics().stalls > 0);
    // The workers' objects are not lost with the workers. Other tests collect as well, and counts of
    // objects that move are not exact.
    drop(runtime);
    until("exact counts", || {
        let stats = POOL.stats();
        stats.created - stats.dropped == stats.idle
    });
    until("the drops", || {
        corepool::collect();
        let stats = POOL.stats();
        stats.idle == 0 && stats.created == stats.dropped
    });
}

/// Go's `TestPreemptionGC`.
#[test]
fn a_collect_ends_beside_tasks_that_do_not_return() {
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

/// The runtime collects without a call of its user.
#[test]
fn a_runtime_collects_by_the_clock() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    #[derive(Default)]
    struct Counted;

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
            // A destructor may do anything, even if the runtime collects.
            assert!(rt::current_worker().is_some());
        }
    }

    static POOL: Pool<Counted> = Pool::new(Counted::default);
    crate::util::in_a_process(|| {
        corepool::set_collect_interval(Some(Duration::from_millis(20)));
        let runtime = Builder::new().workers(1).build().unwrap();
        run(&runtime, async { drop(POOL.get()) });
        until("the second collect", || DROPPED.load(SeqCst) == 1);
    });
}

/// Returns the number of collects of this process so far.
fn collects() -> u64 {
    PacedAlloc::new(System).collections()
}

/// Makes a call that takes the slow path.
fn work() {
    static OTHER: Pool<u8> = Pool::new(|| 0);
    OTHER.clear();
    drop(OTHER.get());
}

/// The clock requests a collect, which a runtime notices and cannot run, because its only worker is
/// stuck. No further request follows.
fn ask_in_vain() -> (Runtime, mpsc::Sender<()>) {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let (release, released) = mpsc::channel::<()>();
    drop(runtime.spawn(async move { released.recv() }));
    until("the worker is stuck", || runtime.metrics().polls == 1);
    corepool::set_collect_interval(Some(Duration::from_millis(5)));
    until("a task that collects", || runtime.metrics().spawned > 1);
    thread::sleep(Duration::from_millis(100));
    corepool::set_collect_interval(None);
    // Time for a sysmon that has just seen the request.
    thread::sleep(Duration::from_millis(50));
    assert_eq!(runtime.metrics().spawned, 2, "one task at a time");
    assert_eq!(collects(), 0);
    (runtime, release)
}

/// A runtime has noticed a request for a collect, and does not begin the collect: calls of other
/// threads have the collect thread run it.
#[test]
fn the_collect_thread_runs_a_collect_that_a_runtime_does_not_begin() {
    crate::util::in_a_process(|| {
        let (runtime, release) = ask_in_vain();
        until("the collect", || {
            work();
            collects() == 1
        });
        drop(release);
        // The runtime's own collect task comes too late, and runs no collect.
        until("the end of both", || runtime.metrics().alive == 0);
        assert_eq!(collects(), 1);
        corepool::set_collect_interval(Some(Duration::from_millis(5)));
        until("a further one", || {
            // Makes sysmon wake up and read the clock.
            drop(runtime.spawn(async {}));
            collects() > 1
        });
    });
}

/// A runtime that stops leaves its due collect to another runtime, although no pool is used.
#[test]
fn a_runtime_that_stops_leaves_the_collect_to_another() {
    crate::util::in_a_process(|| {
        let (runtime, release) = ask_in_vain();
        assert!(!runtime.shutdown(Duration::ZERO));
        drop(release);
        assert!(runtime.shutdown(crate::util::LONG));
        assert_eq!((runtime.metrics().alive, collects()), (0, 0));
        let _another = Builder::new().workers(1).build().unwrap();
        until("its collect", || collects() == 1);
    });
}

/// Returns the number of collect threads of this process.
#[cfg(target_os = "linux")]
fn collect_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.flatten().flat_map(|task| std::fs::read_to_string(task.path().join("comm")));
    // The system shortens the name.
    names.filter(|name| name.trim_end() == "corepool-collec").count()
}

/// The runtime collects in place of the collect thread, which follows the runtime.
#[test]
#[cfg(target_os = "linux")]
fn there_is_no_collect_thread_beside_a_runtime() {
    static POOL: Pool<u8> = Pool::new(|| 0);
    crate::util::in_a_process(|| {
        corepool::set_collect_interval(Some(Duration::from_secs(1 << 20)));
        drop([POOL.get(), POOL.get()]);
        until("the thread", || collect_threads() == 1);
        let runtime = Builder::new().workers(1).build().unwrap();
        until("its end", || collect_threads() == 0);
        drop([POOL.get(), POOL.get(), POOL.get()]);
        assert_eq!(collect_threads(), 0);
        drop(runtime);
        until("another thread", || collect_threads() == 1);
    });
}
