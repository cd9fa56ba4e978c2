//! Tasks and their handles.

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
};

use corepool::rt::{self, Handle};

use crate::util::{LONG, SetOnDrop, run, runtime, shut_down, until};

#[test]
fn a_task_has_an_output() {
    let runtime = runtime(2);
    assert_eq!(run(&runtime, async { rt::spawn(async { 6 * 7 }).await.unwrap() }), 42);
    let handle = runtime.handle().clone();
    assert_eq!(runtime.block_on(handle.spawn(async { String::from("text") })).unwrap(), "text");
}

#[test]
fn a_panic_in_a_task_is_an_error() {
    let runtime = runtime(1);
    let error = runtime
        .block_on(runtime.spawn(async { panic!("number {}", std::hint::black_box(7)) }))
        .unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.to_string(), "the task panicked: number 7");
    assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "number 7");
    assert_eq!(run(&runtime, async { 1 }), 1, "the worker goes on");
}

/// Destructors that panic do not end the process.
#[test]
fn destructors_of_tasks_may_panic() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor");
        }
    }

    let runtime = runtime(1);
    // A destructor panics in a future that ends, in one that is aborted, and in an output that is
    // not taken.
    run(&runtime, async {
        let bomb = Bomb;
        rt::spawn(async move {
            let _bomb = bomb;
        })
        .await
        .unwrap_err();
        let bomb = Bomb;
        let endless = rt::spawn(async move {
            let _bomb = bomb;
            future::pending::<()>().await;
        });
        rt::yield_now().await;
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        drop(rt::spawn(async { Bomb }));
    });
    until("the last task", || runtime.metrics().alive == 0);
    assert_eq!(run(&runtime, async { 1 }), 1);
}

#[test]
fn dropping_a_handle_detaches_its_task() {
    let runtime = runtime(1);
    let (sender, receiver) = mpsc::channel();
    drop(runtime.spawn(async move {
        rt::yield_now().await;
        sender.send(1).unwrap();
    }));
    assert_eq!(receiver.recv_timeout(LONG), Ok(1));
}

#[test]
fn an_aborted_task_is_dropped() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    let runtime = runtime(2);
    let guard = SetOnDrop(&DROPPED);
    let task = runtime.spawn(async move {
        let _guard = guard;
        future::pending::<()>().await;
    });
    run(&runtime, async {});
    assert!(!task.is_finished());
    task.abort();
    task.abort();
    let error = runtime.block_on(task).unwrap_err();
    assert!(error.is_cancelled());
    assert!(DROPPED.load(Relaxed), "the future is dropped before the handle is ready");
}

/// A task that already awaits the aborted one is woken.
#[test]
fn an_abort_wakes_the_awaiting_task() {
    let runtime = runtime(2);
    run(&runtime, async {
        let mut task = rt::spawn(future::pending::<()>());
        let mut aborted = false;
        let error = future::poll_fn(move |cx| {
            let polled = std::pin::Pin::new(&mut task).poll(cx);
            if polled.is_pending() && !aborted {
                aborted = true;
                task.abort();
            }
            polled
        });
        assert!(error.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_task_that_has_ended_is_not_aborted() {
    let runtime = runtime(1);
    let task = runtime.spawn(async { 5 });
    until("the task", || task.is_finished());
    task.abort();
    assert_eq!(runtime.block_on(task).unwrap(), 5);
}

/// An abort during a poll takes effect when the poll ends.
#[test]
fn an_abort_does_not_interrupt_a_poll() {
    let runtime = runtime(1);
    let (inside, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let task = runtime.spawn({
        let (inside, go) = (Arc::clone(&inside), Arc::clone(&go));
        async move {
            inside.store(true, SeqCst);
            until("to go", || go.load(SeqCst));
            future::pending::<()>().await;
        }
    });
    until("the poll", || inside.load(SeqCst));
    task.abort();
    assert!(!task.is_finished());
    go.store(true, SeqCst);
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn handles_may_be_awaited_in_another_runtime() {
    let (one, other) = (runtime(1), runtime(1));
    let (sender, receiver) = async_channel::bounded(1);
    let there = other.spawn(async move {
        for i in 0..100 {
            sender.send(i).await.unwrap();
        }
    });
    let here = one.spawn(async move {
        let mut sum = 0;
        while let Ok(i) = receiver.recv().await {
            sum += i;
        }
        there.await.unwrap();
        sum
    });
    assert_eq!(one.block_on(here).unwrap(), 4950);
}

#[test]
fn the_current_runtime_is_known() {
    let runtime = runtime(1);
    assert!(Handle::try_current().is_none());
    assert!(runtime.block_on(async { Handle::try_current().is_some() }));
    assert!(run(&runtime, async { Handle::try_current().is_some() }));
    assert!(run(&runtime, async { rt::current_worker().is_some() }));
    assert!(runtime.block_on(async { rt::current_worker().is_none() }));
    assert!(Handle::try_current().is_none());
}

#[test]
fn many_tasks_end() {
    let runtime = runtime(4);
    let sum = run(&runtime, async {
        let tasks: Vec<_> = (0..50_000_u64)
            .map(|i| {
                rt::spawn(async move {
                    rt::yield_now().await;
                    i
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 50_000 * 49_999 / 2);
    until("all to end", || runtime.metrics().alive == 0);
    shut_down(&runtime);
}

/// An aborted task is finished even if its handle is never polled.
#[test]
fn an_aborted_task_is_finished() {
    let runtime = runtime(1);
    let waits = runtime.spawn(future::pending::<()>());
    run(&runtime, async {});
    waits.abort();
    until("the end", || waits.is_finished());
    waits.abort();
    assert!(waits.is_finished());
    assert!(runtime.block_on(waits).unwrap_err().is_cancelled());
}

/// A call of `is_finished` does not take the wake-up from the task that awaits the aborted one.
#[test]
fn is_finished_on_an_aborted_task_loses_no_wake() {
    let runtime = runtime(2);
    for _ in 0..200 {
        let task = Arc::new(Mutex::new(runtime.spawn(async {
            loop {
                rt::yield_now().await;
            }
        })));
        let looks = Arc::clone(&task);
        task.lock().unwrap().abort();
        let looker = std::thread::spawn(move || {
            until("the end", || looks.lock().unwrap().is_finished());
        });
        let waits = future::poll_fn(|cx| std::pin::Pin::new(&mut *task.lock().unwrap()).poll(cx));
        assert!(runtime.block_on(waits).unwrap_err().is_cancelled());
        looker.join().unwrap();
    }
}

/// A generic function can abort a task without knowing its output.
#[test]
fn any_handle_can_be_aborted() {
    fn abort<T>(task: &rt::JoinHandle<T>) {
        task.abort();
    }

    let runtime = runtime(1);
    let task = runtime.spawn(future::pending::<()>());
    abort(&task);
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
}

/// An `AbortHandle` works without its `JoinHandle`, from any thread, and may be used late.
#[test]
fn an_abort_handle_aborts_a_detached_task() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    let runtime = runtime(1);
    let task = runtime.spawn(async {
        let _guard = SetOnDrop(&DROPPED);
        std::future::pending::<()>().await;
    });
    let abort = task.abort_handle();
    drop(task);
    until("the task to wait", || runtime.metrics().polls == 1);
    assert!(!abort.is_finished());
    std::thread::scope(|scope| {
        let abort = abort.clone();
        scope.spawn(move || abort.abort());
    });
    until("the drop", || DROPPED.load(SeqCst));
    until("the end", || abort.is_finished());
    abort.abort();
    drop(runtime);
    abort.abort();
    assert!(abort.is_finished());
}

/// A task that is aborted in its own poll goes on until that poll ends.
#[test]
fn a_task_may_abort_itself() {
    let runtime = runtime(1);
    let (sender, receiver) = std::sync::mpsc::channel::<rt::AbortHandle>();
    let late = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&late);
    let task = runtime.spawn(async move {
        receiver.recv().unwrap().abort();
        seen.store(true, SeqCst);
        rt::yield_now().await;
        unreachable!("it was aborted");
    });
    sender.send(task.abort_handle()).unwrap();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert!(late.load(SeqCst));
    // A task that ends in that poll has its output.
    let (sender, receiver) = std::sync::mpsc::channel::<rt::AbortHandle>();
    let task = runtime.spawn(async move {
        receiver.recv().unwrap().abort();
        7
    });
    sender.send(task.abort_handle()).unwrap();
    assert_eq!(runtime.block_on(task).unwrap(), 7);
}

/// A future of 1.5 MiB is spawned from a thread with a stack of 2 MiB; in a debug build, one of 256 KiB.
#[test]
fn a_large_future_needs_little_stack() {
    const BYTES: usize = if cfg!(debug_assertions) { 256 << 10 } else { 3 << 19 };

    async fn large() -> usize {
        let mut data = [0_u8; BYTES];
        data[7] = 7;
        std::hint::black_box(&mut data);
        rt::yield_now().await;
        usize::from(std::hint::black_box(&data)[7])
    }

    crate::util::in_a_process(|| {
        let spawns = || {
            let builder = rt::Builder::new().workers(1).thread_stack_size(2 << 20);
            let runtime = builder.build().unwrap();
            assert_eq!(runtime.block_on(runtime.spawn(large())).unwrap(), 7);
            assert_eq!(runtime.block_on(runtime.handle().spawn(large())).unwrap(), 7);
            let inner = runtime.spawn(async { rt::spawn(large()).await.unwrap() });
            assert_eq!(runtime.block_on(inner).unwrap(), 7);
        };
        std::thread::Builder::new().stack_size(2 << 20).spawn(spawns).unwrap().join().unwrap();
    });
}
