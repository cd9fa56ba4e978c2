//! The number of workers changes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use corepool::{
    Pool,
    rt::{self, Builder},
};

use crate::util::{run, runtime, shut_down, until};

/// A thousand changes under load lose no task, and the final number of workers is as requested.
#[test]
fn a_thousand_changes_of_workers_lose_no_task() {
    let runtime = runtime(2);
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..8_u64)
        .map(|_| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                let mut spawned = 0_u64;
                let mut ended = 0;
                while !stop.load(SeqCst) {
                    let tasks: Vec<_> = (0..10).map(|_| rt::spawn(rt::yield_now())).collect();
                    spawned += 10;
                    for task in tasks {
                        task.await.unwrap();
                        ended += 1;
                    }
                }
                (spawned, ended)
            })
        })
        .collect();
    for i in 0..1000 {
        runtime.set_workers([1, 4, 2, 3][i % 4]).unwrap();
        if i % 50 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    runtime.set_workers(2).unwrap();
    stop.store(true, SeqCst);
    for task in load {
        let (spawned, ended) = runtime.block_on(task).unwrap();
        assert_eq!(spawned, ended);
    }
    until("all to come back", || {
        let metrics = runtime.metrics();
        metrics.running <= 2 && metrics.detached == 0 && metrics.queued == 0 && metrics.alive == 0
    });
    shut_down(&runtime);
}

/// Go's `TestStopTheWorldDeadlock`: a task spawns itself again while the number of workers changes
/// and pools are collected.
#[test]
fn changes_of_workers_and_collects_do_not_deadlock() {
    static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);

    fn again(stop: &'static AtomicBool) {
        drop(rt::spawn(async move {
            POOL.get().push(1);
            if !stop.load(SeqCst) {
                again(stop);
            }
        }));
    }

    static STOP: AtomicBool = AtomicBool::new(false);
    let runtime = runtime(3);
    run(&runtime, async { again(&STOP) });
    thread::scope(|scope| {
        scope.spawn(|| (0..1000).for_each(|_| corepool::collect()));
        scope.spawn(|| (0..1000).for_each(|i| runtime.set_workers(1 + i % 3).unwrap()));
    });
    STOP.store(true, SeqCst);
    until("the last task", || runtime.metrics().alive == 0);
}

/// With one worker no two tasks run at the same time, once the polls in progress have ended.
#[test]
fn fewer_workers_run_fewer_tasks() {
    let runtime = Builder::new().workers(4).stall_after(None).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (stop, now, most) = (Arc::clone(&stop), Arc::clone(&now), Arc::clone(&most));
            runtime.spawn(async move {
                while !stop.load(SeqCst) {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, SeqCst);
                    rt::yield_now().await;
                }
            })
        })
        .collect();
    for workers in [1, 2, 1, 3] {
        runtime.set_workers(workers).unwrap();
        until("the others to stop", || {
            runtime.metrics().running <= workers && runtime.metrics().detached == 0
        });
        most.store(0, SeqCst);
        thread::sleep(Duration::from_millis(20));
        assert!(most.load(SeqCst) <= workers);
    }
    stop.store(true, SeqCst);
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
}

#[test]
fn pinned_workers_run_tasks() {
    let runtime = Builder::new().workers(2).pin_cores(true).build().unwrap();
    assert_eq!(run(&runtime, async { rt::spawn(async { 3 }).await.unwrap() }), 3);
}

/// Sleeping threads end at once when the number of workers is reduced.
#[test]
fn fewer_workers_have_fewer_threads() {
    const WORKERS: usize = 6;
    let runtime = Builder::new().workers(WORKERS).stall_after(None).build().unwrap();
    for _ in 0..10 {
        runtime.set_workers(WORKERS).unwrap();
        let here = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..WORKERS)
            .map(|_| {
                let here = Arc::clone(&here);
                runtime.spawn(async move {
                    here.fetch_add(1, SeqCst);
                    until("the others", || here.load(SeqCst) == WORKERS);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        until("all to sleep", || runtime.metrics().running == 0);
        runtime.set_workers(2).unwrap();
        // Far earlier than they would end by themselves.
        let start = Instant::now();
        until("the others to end", || runtime.metrics().threads == 2);
        assert!(start.elapsed() < Duration::from_secs(8));
    }
    assert_eq!(run(&runtime, async { 1 }), 1);
}

/// Threads that were started for a burst end some time after it.
#[test]
fn surplus_threads_end() {
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            runtime.spawn(async { rt::blocking(|| thread::sleep(Duration::from_millis(100))) })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert!(runtime.metrics().threads > 4);
    until("the others to end", || runtime.metrics().threads <= 2);
    assert_eq!(run(&runtime, async { 1 }), 1);
}

/// Go's `UpdateGOMAXPROCS`: the number of workers follows the number of processors until it is set.
#[cfg(target_os = "linux")]
#[test]
fn the_number_of_workers_follows_processors() {
    use std::{fs, mem};

    type Set = libc::cpu_set_t;

    /// Confines all threads of the process to `set`.
    fn confine(set: &Set) {
        for thread in fs::read_dir("/proc/self/task").unwrap() {
            let thread = thread.unwrap().file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: the set is valid. The call fails for a thread that has ended meanwhile, which
            // is ignored.
            unsafe { libc::sched_setaffinity(thread, mem::size_of::<Set>(), set) };
        }
    }

    crate::util::in_a_process(|| {
        let processors = thread::available_parallelism().unwrap().get();
        // SAFETY: a zeroed set is an empty one.
        let (mut all, mut one): (Set, Set) = unsafe { (mem::zeroed(), mem::zeroed()) };
        // SAFETY: the sets are valid, and each index is within them.
        unsafe {
            assert_eq!(libc::sched_getaffinity(0, mem::size_of::<Set>(), &mut all), 0);
            let first = (0..).find(|&cpu| libc::CPU_ISSET(cpu, &all)).unwrap();
            libc::CPU_SET(first, &mut one);
        }
        let runtime = rt::Runtime::new().unwrap();
        assert_eq!(runtime.workers(), processors);
        // Sleeping threads do not count.
        drop(runtime.spawn(async {
            loop {
                rt::sleep(Duration::from_millis(5)).await;
            }
        }));
        confine(&one);
        until("one worker", || runtime.workers() == 1);
        confine(&all);
        until("all workers", || runtime.workers() == processors);
        runtime.set_workers(3).unwrap();
        confine(&one);
        thread::sleep(Duration::from_millis(2500));
        assert_eq!(runtime.workers(), 3);
    });
}
