//! The counters of `Metrics`.

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use corepool::rt::{self};

use crate::util::{run, runtime, until};

/// Go's `SchedMetrics`.
#[test]
fn metrics_count_running_stuck_and_waiting_tasks() {
    let runtime = runtime(2);
    let stop = Arc::new(AtomicBool::new(false));
    let waiting: Vec<_> = (0..1000).map(|_| runtime.spawn(future::pending::<()>())).collect();
    until("them to wait", || {
        let metrics = runtime.metrics();
        // A poll is counted a moment after its task was taken.
        (metrics.alive, metrics.queued, metrics.polls) == (1000, 0, 1000)
    });
    let stuck: Vec<_> = (0..10)
        .map(|_| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                rt::blocking(|| {
                    while !stop.load(SeqCst) {
                        thread::sleep(Duration::from_millis(1));
                    }
                });
            })
        })
        .collect();
    until("all to be stuck", || {
        let metrics = runtime.metrics();
        let here = metrics.detached + metrics.blocking;
        here == 10 && metrics.queued == 0 && metrics.threads >= 10
    });
    let metrics = runtime.metrics();
    assert_eq!((metrics.alive, metrics.spawned, metrics.workers), (1010, 1010, 2));
    assert!(metrics.detached >= 8 && metrics.running <= 2, "{metrics:?}");
    stop.store(true, SeqCst);
    stuck.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    waiting.iter().for_each(|task| task.abort());
    until("all to end", || {
        let metrics = runtime.metrics();
        metrics.alive == 0 && metrics.detached == 0 && metrics.running == 0
    });
}

#[test]
fn metrics_count_steals() {
    let runtime = runtime(2);
    until("a steal", || {
        run(&runtime, async {
            let tasks: Vec<_> = (0..200)
                .map(|_| rt::spawn(async { thread::sleep(Duration::from_micros(100)) }))
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        runtime.metrics().steals > 0
    });
    assert!(runtime.metrics().parks > 0);
}

/// Go's `TestNumGoroutine`.
#[test]
fn metrics_count_tasks_that_have_not_ended() {
    let runtime = runtime(2);
    let (sender, receiver) = async_channel::bounded::<()>(1);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let receiver = receiver.clone();
            runtime.spawn(async move { receiver.recv().await.is_err() })
        })
        .collect();
    assert_eq!(runtime.metrics().alive, 100);
    drop(sender);
    assert!(tasks.into_iter().all(|task| runtime.block_on(task).unwrap()));
    until("all to end", || runtime.metrics().alive == 0);
}
