//! Sleeps.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

use corepool::rt;

use crate::util::{LONG, run, runtime};

#[test]
fn sleepers_do_not_wake_early() {
    let runtime = runtime(2);
    run(&runtime, async {
        let start = Instant::now();
        let sleepers: Vec<_> = [30, 10, 20, 0]
            .map(|ms| {
                rt::spawn(async move {
                    rt::sleep(Duration::from_millis(ms)).await;
                    assert!(start.elapsed() >= Duration::from_millis(ms));
                })
            })
            .into();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
    });
}

/// Go's `TestNetpollBreak`: a short sleep begins while sysmon waits for a long one.
#[test]
fn a_short_sleep_after_a_long_one_ends_in_time() {
    let runtime = runtime(1);
    let start = Instant::now();
    drop(runtime.spawn(rt::sleep(LONG)));
    std::thread::sleep(Duration::from_millis(50));
    runtime.block_on(rt::sleep(Duration::from_millis(1)));
    assert!(start.elapsed() < LONG / 2);
}

#[test]
fn a_sleep_that_is_dropped_is_forgotten() {
    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    let runtime = runtime(1);
    let nobody = Arc::new(Nobody);
    runtime.block_on(async {
        for _ in 0..1000 {
            let waker = Waker::from(Arc::clone(&nobody));
            let mut sleep = std::pin::pin!(rt::sleep(LONG));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
    });
    assert_eq!(Arc::strong_count(&nobody), 1, "a timer is left");
}

#[test]
fn the_longest_sleep_does_not_overflow() {
    let runtime = runtime(1);
    let task = runtime.spawn(rt::sleep(Duration::MAX));
    run(&runtime, async {});
    assert!(!task.is_finished());
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
}

/// A sleep belongs to the runtime in which it was created, and that runtime wakes it, wherever it
/// is awaited.
#[test]
fn a_sleep_may_be_awaited_in_another_runtime() {
    let (one, other) = (runtime(1), runtime(1));
    let mut sleep = Box::pin(rt::sleep(Duration::from_millis(50)));
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(sleep.as_mut().poll(cx)));
    assert!(one.block_on(polled).is_pending());
    run(&other, sleep);
    // The same for a sleep that has not ended when its runtime is dropped.
    let mut sleep = Box::pin(rt::sleep(LONG));
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(sleep.as_mut().poll(cx)));
    assert!(one.block_on(polled).is_pending());
    let task = other.spawn(sleep);
    drop(one);
    assert!(other.block_on(task).unwrap_err().is_panic(), "the runtime of the sleep was dropped");
}
