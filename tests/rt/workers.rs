//! The number of workers changes.

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

use crate::util::{run, runtime, until};

/// Under load, a thousand times: no task is lost, and in the end there are as many as were asked for.
#[test]
fn a_thousand_changes_lose_no_task() {
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
    assert!(runtime.shutdown(Duration::from_secs(60)));
}

/// Go's `TestStopTheWorldDeadlock`: a task that starts itself again, while the number of workers changes
/// and pools are collected.
#[test]
fn changes_and_collects() {
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
        scope.spawn(|| (0..1000).for_each(|_| runtime.set_workers(3).unwrap()));
    });
    STOP.store(true, SeqCst);
    until("the last task", || runtime.metrics().alive == 0);
}

/// With one worker no two tasks run at the same time, from the polls on that are under way.
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
fn pinned_workers_work() {
    let runtime = Builder::new().workers(2).pin_cores(true).build().unwrap();
    assert_eq!(run(&runtime, async { rt::spawn(async { 3 }).await.unwrap() }), 3);
}

#[test]
fn threads_have_names() {
    let runtime = Builder::new().thread_name("some").build().unwrap();
    let name = run(&runtime, async { thread::current().name().unwrap().to_owned() });
    assert!(name.starts_with("some-"), "{name}");
}
