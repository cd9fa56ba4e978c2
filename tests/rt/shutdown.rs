//! The end of a runtime: its tasks are dropped, and its threads end.

use std::{
    future::{self, Future},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{self, Builder};

use crate::util::{LONG, SetOnDrop, run, runtime, until};

/// A queued task is dropped, and the task that awaits it gets an error.
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

/// A task that waits for a timer, or without end, is dropped, and the task that awaits it gets an
/// error.
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
    until("the end", || runtime.shutdown(LONG));
    assert!(other.join().unwrap());
    assert!(runtime.block_on(sleeps).unwrap_err().is_cancelled());
    // A separate thread drops it.
    until("the drop", || DROPPED.load(Relaxed));
}

/// A shutdown does not wait for the thread of a worker that is stuck and was replaced.
#[test]
fn shutdown_does_not_wait_for_detached_threads() {
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
    until("the shutdown", || runtime.shutdown(Duration::ZERO));
}

/// The drop of each task wakes the next one. The drops do not nest.
#[test]
fn a_chain_of_tasks_that_wake_each_other_is_dropped() {
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
    until("the end", || runtime.shutdown(LONG));
    drop(first);
    for task in tasks {
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    }
}

#[test]
fn shutdown_inside_a_task_times_out() {
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

/// A waker may outlive its runtime.
#[test]
fn a_wake_after_shutdown_drops_the_task() {
    let runtime = runtime(1);
    let (sender, receiver) = async_channel::bounded::<()>(1);
    static DROPPED: AtomicBool = AtomicBool::new(false);
    drop(runtime.spawn(async move {
        let _guard = SetOnDrop(&DROPPED);
        _ = receiver.recv().await;
    }));
    run(&runtime, async {});
    until("the task to wait", || runtime.metrics().queued == 0);
    drop(runtime);
    _ = sender.try_send(());
    drop(sender);
    until("the task to be dropped", || DROPPED.load(SeqCst));
}

/// A runtime that never detaches threads waits for all of them, except for the thread that drops
/// it.
#[test]
fn a_thread_that_drops_its_runtime_does_not_wait_for_itself() {
    type Place = Arc<Mutex<Option<rt::Runtime>>>;

    fn drop_it(place: &Place) {
        let runtime = place.lock().unwrap().take();
        drop(runtime);
    }

    crate::util::in_a_process(|| {
        let build = || Builder::new().workers(1).stall_after(None);
        // Dropped by a worker, inside the `block_on` of this or of another runtime.
        for other in [None, Some(runtime(1))] {
            let runtime = build().build().unwrap();
            let handle = other.as_ref().unwrap_or(&runtime).handle().clone();
            let place = Place::default();
            let (inside, (sender, receiver)) = (Arc::clone(&place), mpsc::channel());
            let (go, wait) = mpsc::channel::<()>();
            drop(runtime.spawn(async move {
                _ = wait.recv_timeout(LONG);
                rt::blocking(|| handle.block_on(async { drop_it(&inside) }));
                sender.send(()).unwrap();
            }));
            *place.lock().unwrap() = Some(runtime);
            drop(go);
            receiver.recv_timeout(LONG / 2).unwrap();
        }
        // Dropped by sysmon's thread.
        let place = Place::default();
        let (inside, (sender, receiver)) = (Arc::clone(&place), mpsc::sync_channel(9));
        let hook = move |_: &rt::Stall| {
            drop_it(&inside);
            _ = sender.send(());
        };
        let runtime = build().on_stall(hook).build().unwrap();
        drop(runtime.spawn(async { thread::sleep(Duration::from_millis(200)) }));
        *place.lock().unwrap() = Some(runtime);
        receiver.recv_timeout(LONG / 2).unwrap();
    });
}

/// The tasks in the queue of a stuck worker are dropped at once, not when its poll returns.
#[test]
fn tasks_behind_a_stuck_poll_are_dropped() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (inside, begun) = mpsc::channel();
    drop(runtime.spawn(async move {
        for i in 0..10 {
            let guard = (i == 5).then(|| SetOnDrop(&DROPPED));
            drop(rt::spawn(async move {
                let _guard = guard;
                rt::yield_now().await;
            }));
        }
        inside.send(()).unwrap();
        _ = wait.recv_timeout(LONG);
    }));
    begun.recv_timeout(LONG).unwrap();
    assert!(!runtime.shutdown(Duration::from_millis(1)), "a poll is under way");
    // Dropped by this thread, or by another one if sysmon was about to move the tasks.
    until("the drop", || DROPPED.load(SeqCst));
    drop(go);
    assert!(runtime.shutdown(LONG));
}

#[test]
fn a_waker_that_panics_does_not_stop_other_wakers() {
    struct Bomb;

    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }

    let runtime = runtime(1);
    let mut tasks: Vec<_> = (0..8).map(|_| runtime.spawn(future::pending::<()>())).collect();
    let waker = Waker::from(Arc::new(Bomb));
    for task in &mut tasks {
        assert!(Pin::new(task).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    until("them to wait", || runtime.metrics().polls == 8);
    until("the end", || runtime.shutdown(LONG));
    // Dropping the handles would call the wakers again.
    tasks.into_iter().for_each(std::mem::forget);
}

/// Surplus workers are not stuck: a shutdown waits for their polls.
#[test]
fn shutdown_waits_for_surplus_workers() {
    for _ in 0..10 {
        let runtime = Builder::new().workers(4).stall_after(None).build().unwrap();
        for _ in 0..4 {
            drop(runtime.spawn(async { thread::sleep(Duration::from_millis(10)) }));
        }
        until("all to be at it", || runtime.metrics().queued == 0);
        runtime.set_workers(1).unwrap();
        assert!(runtime.shutdown(LONG));
    }
}

/// A worker that enters and leaves blocking calls all the time notices the shutdown.
#[test]
fn shutdown_reaches_a_worker_that_blocks_all_the_time() {
    for i in 0..500 {
        let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
        drop(runtime.spawn(async {
            loop {
                (0..10_000).for_each(|_| rt::blocking(|| {}));
                rt::yield_now().await;
            }
        }));
        (0..1000 * (i % 10)).for_each(|_| std::hint::spin_loop());
        assert!(runtime.shutdown(LONG));
    }
}

/// A task that is woken after the shutdown is dropped by a new thread. If no thread can be started,
/// it waits for the next one.
#[cfg(target_os = "linux")]
#[test]
fn a_task_woken_after_shutdown_waits_for_a_thread() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    struct Counted;

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }

    crate::util::in_a_process(|| {
        let runtime = runtime(1);
        let senders = [(); 2].map(|()| {
            let (sender, receiver) = async_channel::bounded::<()>(1);
            let counted = Counted;
            drop(runtime.spawn(async move {
                let _counted = counted;
                _ = receiver.recv().await;
            }));
            sender
        });
        until("them to wait", || runtime.metrics().polls == 2);
        assert!(runtime.shutdown(LONG));
        let limit = crate::util::no_room_for_threads();
        let [first, second] = senders;
        drop(first);
        assert_eq!(DROPPED.load(SeqCst), 0);
        limit.lift();
        drop(second);
        until("both to be dropped", || DROPPED.load(SeqCst) == 2);
    });
}

/// A poll in progress at the shutdown may still start a timer. The task is dropped after that poll.
#[test]
fn a_sleep_that_begins_during_shutdown_is_dropped() {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (inside, begun) = mpsc::channel();
    let task = runtime.spawn(async move {
        inside.send(()).unwrap();
        _ = wait.recv_timeout(LONG);
        rt::sleep(Duration::from_millis(1)).await;
    });
    begun.recv_timeout(LONG).unwrap();
    assert!(!runtime.shutdown(Duration::from_millis(50)), "a poll is under way");
    drop(go);
    assert!(runtime.shutdown(LONG));
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
}

/// A shutdown wakes a task that waits inside `blocking`, with an executor of its own, for a task
/// that never ends.
#[test]
fn shutdown_wakes_a_wait_inside_blocking() {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn wait<F: Future>(future: F) -> F::Output {
        let mut future = Box::pin(future);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }
    let runtime = runtime(2);
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    runtime.spawn(async move {
        let handle = rt::spawn(future::pending::<()>());
        rt::blocking(move || {
            begin.send(()).unwrap();
            end.send(wait(handle).unwrap_err().is_cancelled()).unwrap();
        });
    });
    begun.recv_timeout(LONG).unwrap();
    thread::sleep(Duration::from_millis(20));
    // It may return before the thread does, which has lost its P.
    runtime.shutdown(LONG);
    assert!(ended.recv_timeout(LONG).unwrap());
}
