//! The end of a runtime.

use std::{
    future,
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicBool,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{self, Builder};

use crate::util::{LONG, SetOnDrop, run, runtime, until};

/// What is queued is dropped, and who waits for it is told.
#[test]
fn queued_tasks_are_cancelled() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (inside, begun) = mpsc::channel();
    let stuck = runtime.spawn(async move {
        inside.send(()).unwrap();
        _ = wait.recv_timeout(LONG);
    });
    begun.recv_timeout(LONG).unwrap();
    let queued = runtime.spawn(async {
        let _guard = SetOnDrop(&DROPPED);
        rt::yield_now().await;
    });
    assert!(!runtime.shutdown(Duration::from_millis(20)), "a poll is under way");
    assert!(runtime.block_on(queued).unwrap_err().is_cancelled());
    drop(go);
    assert!(runtime.shutdown(LONG));
    drop(stuck);
}

/// Tasks that wait for a timer, or for something that never comes: whoever waits for them is told.
#[test]
fn waiting_tasks_are_cancelled() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    let runtime = runtime(2);
    let sleeps = runtime.spawn(async {
        let _guard = SetOnDrop(&DROPPED);
        rt::sleep(LONG).await;
    });
    let waits = runtime.spawn(future::pending::<()>());
    let handle = runtime.handle().clone();
    let other = thread::spawn(move || handle.block_on(waits).unwrap_err().is_cancelled());
    thread::sleep(Duration::from_millis(20));
    assert!(runtime.shutdown(LONG));
    assert!(other.join().unwrap());
    assert!(runtime.block_on(sleeps).unwrap_err().is_cancelled());
    // By a thread of its own.
    until("the drop", || DROPPED.load(Relaxed));
}

/// A thread that is stuck and replaced is not waited for.
#[test]
fn detached_threads_are_left() {
    let runtime = runtime(1);
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    drop(runtime.spawn(async move {
        _ = wait.lock().unwrap().recv_timeout(LONG);
    }));
    until("the stuck one", || {
        run(&runtime, async {});
        runtime.metrics().detached == 1
    });
    let start = Instant::now();
    assert!(!runtime.shutdown(2 * LONG));
    assert!(start.elapsed() < LONG);
    drop(go);
    until("it to end", || runtime.shutdown(Duration::ZERO));
}

/// The drop of each task wakes the next one, which is dropped: not one within the other.
#[test]
fn a_chain_of_tasks_that_wake_each_other() {
    let runtime = runtime(1);
    let (first, mut before) = async_channel::bounded::<()>(1);
    let mut tasks = Vec::new();
    for _ in 0..50_000 {
        let (next, receiver) = async_channel::bounded::<()>(1);
        tasks.push(runtime.spawn(async move {
            let _next = next;
            _ = before.recv().await;
        }));
        before = receiver;
    }
    until("all to wait", || runtime.metrics().queued == 0);
    assert!(runtime.shutdown(LONG));
    drop(first);
    for task in tasks {
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    }
}

#[test]
fn from_inside() {
    let runtime = Arc::new(runtime(2));
    let (sender, receiver) = mpsc::channel();
    let inside = Arc::clone(&runtime);
    drop(runtime.spawn(async move {
        sender.send(inside.shutdown(LONG)).unwrap();
        // The last reference may be this one.
        drop(inside);
    }));
    drop(runtime);
    assert_eq!(receiver.recv_timeout(LONG), Ok(false));
}

#[test]
fn many_runtimes_come_and_go() {
    for i in 0..200 {
        let runtime = runtime(1 + i % 3);
        let task = runtime.spawn(async { rt::spawn(async { 1 }).await.unwrap() });
        if i % 2 == 0 {
            assert_eq!(runtime.block_on(task).unwrap(), 1);
        }
    }
}

/// A waker that outlives its runtime.
#[test]
fn a_wake_after_the_end() {
    let runtime = runtime(1);
    let (sender, receiver) = async_channel::bounded::<()>(1);
    static DROPPED: AtomicBool = AtomicBool::new(false);
    drop(runtime.spawn(async move {
        let _guard = SetOnDrop(&DROPPED);
        _ = receiver.recv().await;
    }));
    run(&runtime, async {});
    until("it to wait", || runtime.metrics().queued == 0);
    drop(runtime);
    _ = sender.try_send(());
    drop(sender);
    until("the task to be dropped", || DROPPED.load(SeqCst));
}
