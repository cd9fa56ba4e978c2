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

use crate::util::{LONG, SetOnDrop, run, runtime, shut_down, until};

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
    assert!(DROPPED.load(Relaxed));
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

/// A waker may outlive its runtime, and its task.
#[test]
fn a_wake_after_shutdown_does_nothing() {
    let runtime = runtime(1);
    let (sender, receiver) = mpsc::channel::<Waker>();
    drop(runtime.spawn(future::poll_fn(move |cx| {
        sender.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    })));
    let waker = receiver.recv_timeout(LONG).unwrap();
    shut_down(&runtime);
    waker.wake_by_ref();
    drop(runtime);
    waker.wake();
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
        let called = Arc::new(AtomicBool::new(false));
        let calls = Arc::clone(&called);
        let hook = move |_: &rt::Stall| {
            calls.store(true, SeqCst);
            drop_it(&inside);
            _ = sender.send(());
        };
        let runtime = build().on_stall(hook).build().unwrap();
        drop(runtime.spawn(async move { until("the hook", || called.load(SeqCst)) }));
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
    /// Panics on one thread: the handle's own call, as the tasks end on another, must not.
    struct Bomb(thread::ThreadId);

    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            assert_ne!(thread::current().id(), self.0, "a waker");
        }
    }

    let runtime = runtime(1);
    let mut tasks: Vec<_> = (0..8).map(|_| runtime.spawn(future::pending::<()>())).collect();
    let waker = Waker::from(Arc::new(Bomb(thread::current().id())));
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

/// Counts its drops, and then calls a function.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Tasks that wait for each other in a circle, spawned from outside and by tasks, are gone when a
/// shutdown has returned true, or the runtime was dropped.
#[test]
fn all_waiting_tasks_are_dropped_before_shutdown_returns() {
    for drops in [false, true] {
        let runtime = runtime(2);
        let gone = Arc::new(AtomicUsize::new(0));
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..3000).map(|_| async_channel::bounded::<()>(1)).unzip();
        let next = senders.iter().cycle().skip(1).cloned();
        let tasks: Vec<_> = receivers
            .into_iter()
            .zip(next)
            .map(|(receiver, next)| {
                let counted = Arc::clone(&gone);
                let guard = OnDrop(move || _ = counted.fetch_add(1, SeqCst));
                async move {
                    let _both = (guard, next);
                    _ = receiver.recv().await;
                }
            })
            .collect();
        drop(senders);
        for (i, task) in tasks.into_iter().enumerate() {
            let spawn = move || drop(rt::spawn(task));
            match i % 2 {
                0 => runtime.block_on(async { spawn() }),
                _ => run(&runtime, async { spawn() }),
            }
        }
        until("all to wait", || runtime.metrics().queued == 0 && runtime.metrics().running == 0);
        assert_eq!(gone.load(SeqCst), 0);
        if drops {
            drop(runtime);
            // The drop waits for a limited time.
            until("the drops", || gone.load(SeqCst) == 3000);
        } else {
            shut_down(&runtime);
            assert_eq!((runtime.metrics().alive, gone.load(SeqCst)), (0, 3000));
        }
    }
}

/// A thread that waits for what a task would do is woken, since the task is gone.
#[test]
fn what_waiting_tasks_own_is_closed() {
    let runtime = runtime(1);
    let (sender, receiver) = async_channel::bounded::<()>(1);
    drop(runtime.spawn(async move {
        future::pending::<()>().await;
        drop(sender);
    }));
    let handle = runtime.handle().clone();
    let other = thread::spawn(move || handle.block_on(receiver.recv()).is_err());
    until("the task to wait", || runtime.metrics().polls == 1);
    drop(runtime);
    assert!(other.join().unwrap());
}

/// A task that is always woken again, and one that is aborted, end as well.
#[test]
fn tasks_that_never_rest_are_dropped() {
    for _ in 0..100 {
        let runtime = runtime(2);
        let gone = Arc::new(AtomicUsize::new(0));
        for i in 0..8 {
            let counted = Arc::clone(&gone);
            let guard = OnDrop(move || _ = counted.fetch_add(1, SeqCst));
            let task = runtime.spawn(async move {
                let _guard = guard;
                loop {
                    rt::yield_now().await;
                }
            });
            if i % 4 == 0 {
                task.abort();
            }
        }
        shut_down(&runtime);
        assert_eq!(gone.load(SeqCst), 8);
    }
}

/// Destructors run on threads of the runtime. They may spawn tasks, which are dropped; they may
/// sleep, panic, drop handles and abort tasks; and those of other tasks run nevertheless.
#[test]
fn destructors_may_do_anything() {
    for aborted in [false, true] {
        let runtime = runtime(2);
        let (threads, spawned) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicUsize::new(0)));
        let mut handles: Vec<_> = (0..10).map(|_| runtime.spawn(future::pending::<()>())).collect();
        for i in 0..5 {
            let (threads, spawned, own) =
                (Arc::clone(&threads), Arc::clone(&spawned), handles.pop());
            let guard = OnDrop(move || {
                threads.lock().unwrap().push(thread::current().name().unwrap_or("").to_owned());
                let counted = Arc::clone(&spawned);
                let inner = OnDrop(move || _ = counted.fetch_add(1, SeqCst));
                let task = rt::spawn(async move {
                    let _inner = inner;
                    future::pending::<()>().await;
                });
                match i {
                    0 => panic!("a destructor"),
                    1 => thread::sleep(Duration::from_millis(20)),
                    2 => assert!(rt::Handle::current().block_on(task).unwrap_err().is_cancelled()),
                    _ => own.as_ref().unwrap().abort(),
                }
            });
            let task = runtime.spawn(async move {
                let _guard = guard;
                future::pending::<()>().await;
            });
            if aborted {
                task.abort();
            }
        }
        drop(handles);
        shut_down(&runtime);
        assert_eq!(spawned.load(SeqCst), 5, "what destructors spawn is dropped");
        let threads = threads.lock().unwrap();
        assert_eq!(threads.len(), 5);
        assert!(threads.iter().all(|name| name.starts_with("corepool-rt-")), "{threads:?}");
    }
}

/// The destructor of a task drops the runtime itself.
#[test]
fn a_destructor_may_drop_the_runtime() {
    let place = Arc::new(Mutex::new(None));
    let (inside, (end, ended)) = (Arc::clone(&place), mpsc::channel());
    let guard = OnDrop(move || {
        drop(inside.lock().unwrap().take());
        end.send(()).unwrap();
    });
    let runtime = runtime(1);
    let handle = runtime.handle().clone();
    let task = runtime.spawn(async move {
        let _guard = guard;
        future::pending::<()>().await;
    });
    *place.lock().unwrap() = Some(runtime);
    task.abort();
    ended.recv_timeout(LONG).unwrap();
    until("the end", || handle.metrics().threads == 0 && handle.metrics().alive == 0);
    // The future of a task that is spawned now is dropped by the call, which is in the runtime.
    let (sender, receiver) = mpsc::channel();
    let guard = OnDrop(move || sender.send(rt::Handle::try_current().is_some()).unwrap());
    let late = handle.spawn(async move { drop(guard) });
    assert!(receiver.recv_timeout(LONG).unwrap());
    assert!(handle.block_on(late).unwrap_err().is_cancelled());
}

/// A task that a stuck worker has spawned and polls is dropped when its poll ends, after the
/// shutdown.
#[test]
fn a_stuck_task_is_dropped_after_its_poll() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    let runtime = runtime(1);
    let (go, wait) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        let _guard = OnDrop(|| _ = DROPPED.fetch_add(1, SeqCst));
        _ = wait.recv_timeout(LONG);
        drop(rt::spawn(async {
            let _guard = OnDrop(|| _ = DROPPED.fetch_add(1, SeqCst));
            future::pending::<()>().await;
        }));
        future::pending::<()>().await;
    });
    until("the stuck one", || {
        run(&runtime, async {});
        runtime.metrics().detached == 1
    });
    assert!(!runtime.shutdown(LONG), "it is stuck");
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(DROPPED.load(SeqCst), 0);
    drop(go);
    until("the end", || runtime.shutdown(LONG));
    // The future of the task that was spawned late has begun to run if its guard exists.
    assert_eq!(DROPPED.load(SeqCst), 1);
}
