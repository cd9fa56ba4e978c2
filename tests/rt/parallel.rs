//! Tasks run in parallel.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use corepool::rt::{self, Builder};

use crate::util::{run, runtime, until};

/// Go's `TestGoroutineParallelism`: the tasks pass a baton without yielding, which they can do only
/// if all of them run at once.
#[test]
fn as_many_tasks_as_workers_run_in_parallel() {
    const WORKERS: usize = 4;
    let runtime = runtime(WORKERS);
    for _ in 0..10 {
        let baton = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..WORKERS)
            .map(|i| {
                let baton = Arc::clone(&baton);
                runtime.spawn(async move {
                    for turn in 0..3 {
                        until("the baton", || {
                            thread::yield_now();
                            baton.load(SeqCst) == turn * WORKERS + i
                        });
                        baton.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    }
    // Checks that no worker was replaced.
    let metrics = runtime.metrics();
    assert!(metrics.threads <= 512, "{metrics:?}");
}

/// A task that another one spawns or wakes starts on another worker while its waker continues.
#[test]
fn a_woken_task_does_not_wait_for_its_waker() {
    // No worker is replaced here: another worker steals the task.
    let runtime = Builder::new().workers(2).stall_after(None).build().unwrap();
    run(&runtime, async {
        for wakes in [false, true] {
            let meet = Arc::new(AtomicBool::new(false));
            let (sender, receiver) = async_channel::bounded::<()>(1);
            let other = rt::spawn({
                let meet = Arc::clone(&meet);
                async move {
                    if wakes {
                        receiver.recv().await.unwrap();
                    }
                    meet.store(true, SeqCst);
                }
            });
            if wakes {
                rt::sleep(Duration::from_millis(5)).await;
                sender.try_send(()).unwrap();
            }
            // Blocks within one poll, outside of `blocking`.
            until("the other", || meet.load(SeqCst));
            other.await.unwrap();
        }
    });
}

#[test]
fn an_idle_runtime_has_no_more_threads_than_workers() {
    let runtime = runtime(3);
    for _ in 0..50 {
        let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(rt::yield_now())).collect();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    }
    let metrics = runtime.metrics();
    assert!(metrics.threads <= 3 + metrics.stalls as usize, "{metrics:?}");
}

/// Go's `TestGoroutineParallelism2`: as many tasks as workers run at once although the workers were
/// busy or asleep just before, and half of the tasks are started by the other half.
#[test]
fn busy_and_sleeping_workers_run_new_tasks_in_parallel() {
    const WORKERS: usize = 4;
    // No worker is replaced here.
    let runtime = Builder::new().workers(WORKERS).stall_after(None).build().unwrap();
    for round in 0..20 {
        if round % 2 == 0 {
            let load: Vec<_> = (0..100).map(|_| runtime.spawn(rt::yield_now())).collect();
            load.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        } else {
            until("all to sleep", || runtime.metrics().running == 0);
        }
        let here = Arc::new(AtomicUsize::new(0));
        let meet = move || {
            here.fetch_add(1, SeqCst);
            until("the others", || here.load(SeqCst) == WORKERS);
        };
        let halves: Vec<_> = (0..WORKERS / 2)
            .map(|_| {
                let (meet, other) = (meet.clone(), meet.clone());
                runtime.spawn(async move {
                    let other = rt::spawn(async move { other() });
                    meet();
                    other.await.unwrap();
                })
            })
            .collect();
        halves.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    }
}
