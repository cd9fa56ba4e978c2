//! Workers that are stuck, and are replaced.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{self, Builder};

use crate::util::{LONG, in_a_process, run, runtime, spin, until};

/// Go's `TestPreemption`: two tasks on one worker wait for each other without yielding.
#[test]
fn two_tasks_take_turns_on_one_worker() {
    let runtime = runtime(1);
    let turn = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..2)
        .map(|me| {
            let turn = Arc::clone(&turn);
            runtime.spawn(async move {
                for i in 0..5 {
                    until("my turn", || turn.load(SeqCst) == 2 * i + me);
                    turn.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert!(runtime.metrics().stalls > 0);
}

/// Go's `TestAsyncPreempt`: loops that call nothing, on one worker.
#[test]
fn empty_loops_share_one_worker() {
    in_a_process(|| {
        let runtime = runtime(1);
        let main = runtime.spawn(async {
            for _ in 0..3 {
                drop(rt::spawn(async {
                    #[allow(clippy::empty_loop, reason = "that is what is tested")]
                    loop {}
                }));
            }
            for _ in 0..10 {
                rt::yield_now().await;
            }
        });
        runtime.block_on(main).unwrap();
    });
}

/// Go's `TestPreemptionAfterSyscall`: tasks that make short blocking calls all the time see a flag
/// that ends them.
#[test]
fn tasks_in_short_calls_see_the_end() {
    for micros in [10, 100, 1000] {
        let runtime = runtime(2);
        let stop = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let stop = Arc::clone(&stop);
                runtime.spawn(async move {
                    while !stop.load(SeqCst) {
                        rt::blocking(|| spin(Duration::from_micros(micros)));
                    }
                })
            })
            .collect();
        run(&runtime, rt::sleep(Duration::from_millis(30)));
        stop.store(true, SeqCst);
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    }
}

/// Both workers block, inside `blocking` or not, and a third task runs.
#[test]
fn other_tasks_run_while_all_workers_block() {
    for announced in [true, false] {
        let runtime = runtime(2);
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let stuck: Vec<_> = (0..2)
            .map(|_| {
                let wait = Arc::clone(&wait);
                runtime.spawn(async move {
                    let wait = || {
                        _ = wait.lock().unwrap().recv_timeout(LONG);
                    };
                    if announced { rt::blocking(wait) } else { wait() }
                })
            })
            .collect();
        assert_eq!(run(&runtime, async { 1 }), 1);
        drop(go);
        stuck.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        until("the threads to come back", || runtime.metrics().detached == 0);
    }
}

#[test]
fn a_blocked_worker_is_not_replaced_while_no_task_waits() {
    let runtime = runtime(2);
    let task = runtime.spawn(async { rt::blocking(|| thread::sleep(Duration::from_millis(100))) });
    runtime.block_on(task).unwrap();
    let metrics = runtime.metrics();
    assert_eq!(metrics.detached, 0);
    assert!(metrics.threads <= 2, "{metrics:?}");
}

#[test]
fn without_a_stall_limit_no_worker_is_replaced() {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let stuck = runtime.spawn(async { thread::sleep(Duration::from_millis(100)) });
    assert_eq!(run(&runtime, async { 1 }), 1);
    runtime.block_on(stuck).unwrap();
    let metrics = runtime.metrics();
    assert_eq!((metrics.threads, metrics.detached), (1, 0));
}

/// Tasks beyond the bound wait, and none is lost.
#[test]
fn the_number_of_threads_is_bounded() {
    let runtime = Builder::new().workers(2).max_threads(5).build().unwrap();
    let most = Arc::new(AtomicUsize::new(0));
    // What is stuck may be noticed late on a busy machine.
    until("the bound", || {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (most, handle) = (Arc::clone(&most), runtime.handle().clone());
                runtime.spawn(async move {
                    thread::sleep(Duration::from_millis(50));
                    most.fetch_max(handle.metrics().threads, SeqCst);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        assert!(most.load(SeqCst) <= 5);
        runtime.metrics().capped > 0
    });
}

#[test]
fn the_stall_hook_is_called() {
    let (sender, receiver) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let runtime = Builder::new()
        .workers(1)
        .stall_after(Some(Duration::from_millis(20)))
        .on_stall(move |stall| {
            drop(sender.lock().unwrap().send(stall.clone()));
            panic!("a hook");
        })
        .build()
        .unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let stuck = runtime.spawn(async move {
        let index = rt::current_worker().unwrap().index();
        _ = wait.recv_timeout(LONG);
        index
    });
    let next = runtime.spawn(async {});
    let stall = receiver.recv_timeout(LONG).unwrap();
    drop(go);
    assert!(stall.elapsed >= Duration::from_millis(20));
    assert_eq!(stall.worker, runtime.block_on(stuck).unwrap());
    runtime.block_on(next).unwrap();
}

/// A report names the innermost named future that is polled. The next tasks of the worker have no name.
#[test]
fn a_stall_names_its_task() {
    let (sender, reports) = mpsc::channel();
    let (sender, reports) = (Mutex::new(sender), Arc::new(Mutex::new(reports)));
    let runtime = Builder::new()
        .workers(1)
        .stall_after(Some(Duration::from_millis(50)))
        .on_stall(move |stall| drop(sender.lock().unwrap().send(stall.clone())))
        .build()
        .unwrap();
    // Stays in a poll until that has been reported. On a busy machine others may be stuck before.
    let stalls = move |task| {
        let index = rt::current_worker().unwrap().index();
        let mine = (task, index, format!("corepool-rt-{index}"));
        let next = || reports.lock().unwrap().recv_timeout(LONG).expect("another report");
        while {
            let stall = next();
            (stall.task, stall.worker, stall.thread) != mine
        } {}
    };
    let [stalls_1, stalls_2, stalls_3] = [(); 3].map(|()| stalls.clone());
    run(&runtime, async move { stalls_1(None) });
    let outer = rt::named("outer", async move {
        rt::named("inner", async { stalls_2(Some("inner")) }).await;
        rt::named("yields", rt::yield_now()).await;
        stalls_2(Some("outer"));
    });
    run(&runtime, outer);
    let panics = runtime.spawn(rt::named("panics", async { panic!("on purpose") }));
    assert!(runtime.block_on(panics).unwrap_err().is_panic());
    run(&runtime, async move { stalls_3(None) });
}

/// `blocking` inside `blocking`, and a panic inside.
#[test]
fn blocking_may_nest_and_panic() {
    let runtime = runtime(1);
    run(&runtime, async {
        rt::blocking(|| rt::blocking(|| thread::sleep(Duration::from_millis(30))));
        let task = rt::spawn(async { rt::blocking(|| panic!("inside")) });
        assert!(task.await.unwrap_err().is_panic());
    });
    until("the end", || runtime.metrics().blocking == 0);
    assert_eq!(run(&runtime, async { 1 }), 1);
}

/// A worker was replaced, the others fell asleep, and so did sysmon. When its poll returns and the
/// worker takes a new task, sysmon must watch again.
#[test]
fn a_replaced_worker_that_comes_back_is_watched() {
    let runtime = runtime(1);
    for i in 0..20 {
        let (go, wait) = mpsc::channel::<()>();
        let (send, receive) = mpsc::channel::<()>();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let stuck = runtime.spawn(async move {
            _ = wait.recv_timeout(LONG);
            ends.store(true, SeqCst);
        });
        run(&runtime, async {});
        until("the other to sleep", || runtime.metrics().running == 0);
        // Longer than sysmon needs to find that there is nothing to watch.
        thread::sleep(Duration::from_millis(80));
        drop(go);
        while !over.load(SeqCst) {
            std::hint::spin_loop();
        }
        spin(Duration::from_nanos(500 * i));
        let next = runtime.spawn(async move {
            // This task is on the only worker: the worker that replaces it runs the new tasks.
            drop(rt::spawn(async move { send.send(()).unwrap() }));
            receive.recv_timeout(LONG / 4).unwrap();
        });
        runtime.block_on(next).unwrap();
        runtime.block_on(stuck).unwrap();
    }
}

/// More announced calls than threads wait for what an asynchronous task does: they do not use up
/// the threads that workers need.
#[test]
fn announced_calls_leave_threads_for_the_workers() {
    const CALLS: usize = 12;
    let builder = Builder::new().workers(2).max_threads(4).max_blocking_threads(CALLS);
    let runtime = builder.build().unwrap();
    let (gate, ended) =
        (Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..CALLS)
        .map(|_| {
            let (gate, ended) = (Arc::clone(&gate), Arc::clone(&ended));
            runtime.spawn(async move {
                rt::blocking(|| {
                    let opened = gate.0.lock().unwrap();
                    drop(gate.1.wait_timeout_while(opened, LONG, |open| !*open).unwrap());
                    ended.fetch_add(1, SeqCst);
                });
            })
        })
        .collect();
    // The calls begin one after the other, as workers are replaced: all but the last two.
    until("the calls", || runtime.metrics().detached >= CALLS - 2);
    assert!(runtime.metrics().threads > 4);
    assert_eq!(ended.load(SeqCst), 0);
    run(&runtime, async move {
        rt::sleep(Duration::from_millis(1)).await;
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    });
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    until("the threads to come back", || runtime.metrics().detached == 0);
    // Without such threads, the bound is that of all.
    let builder = Builder::new().workers(2).max_threads(2).max_blocking_threads(0);
    let runtime = builder.build().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    for _ in 0..4 {
        let wait = Arc::clone(&wait);
        drop(
            runtime.spawn(async move { rt::blocking(|| wait.lock().unwrap().recv_timeout(LONG)) }),
        );
    }
    until("the bound", || runtime.metrics().capped > 0);
    assert_eq!(runtime.metrics().threads, 2);
    drop(go);
}

/// A process that was suspended in a poll does not report that poll.
#[cfg(target_os = "linux")]
#[test]
fn a_suspended_process_reports_no_stall() {
    in_a_process(|| {
        let runtime =
            Builder::new().workers(1).stall_after(Some(Duration::from_secs(2))).build().unwrap();
        let me = std::process::id();
        let script = format!("kill -STOP {me}; sleep 3; kill -CONT {me}");
        let stopped = runtime.spawn(async move {
            // The process may be stopped before this call returns.
            let start = Instant::now();
            let mut shell = std::process::Command::new("sh").args(["-c", &script]).spawn().unwrap();
            until("the suspension", || start.elapsed() >= Duration::from_millis(2500));
            // Sysmon looks at this poll once more.
            spin(Duration::from_millis(100));
            shell.wait().unwrap();
        });
        runtime.block_on(stopped).unwrap();
        assert_eq!(runtime.metrics().stalls, 0);
    });
}

/// Sysmon sleeps while the only worker blocks beside nothing. It must notice what comes then: a
/// task from outside, one that the call itself wakes or spawns, and a poll that goes on for long.
#[test]
fn what_comes_behind_a_blocking_call_is_watched() {
    let runtime = runtime(1);
    let (woken, wait) = async_channel::unbounded::<()>();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    drop(runtime.spawn(async move {
        while wait.recv().await.is_ok() {
            counted.fetch_add(1, SeqCst);
        }
    }));
    for case in 0..4 {
        let (handle, woken, count) = (runtime.handle().clone(), woken.clone(), Arc::clone(&count));
        run(&runtime, async move {
            let before = count.load(SeqCst);
            let pause = || thread::sleep(Duration::from_millis(60));
            let other = || until("the other task", || count.load(SeqCst) > before);
            let counts = {
                let count = Arc::clone(&count);
                async move { _ = count.fetch_add(1, SeqCst) }
            };
            rt::blocking(|| {
                pause();
                match case {
                    0 => drop(thread::spawn(move || handle.spawn(counts)).join().unwrap()),
                    1 => woken.try_send(()).unwrap(),
                    2 => drop(rt::spawn(counts)),
                    _ => return,
                }
                other();
            });
            if case == 3 {
                pause();
                woken.try_send(()).unwrap();
                other();
            }
        });
    }
}
