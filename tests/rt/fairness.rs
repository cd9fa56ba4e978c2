//! Tasks that are always ready do not starve other tasks. Most tests are ports of tests of Go's.

use std::{
    future::{self, Future},
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use corepool::{
    Pool,
    rt::{self, Builder},
};

use crate::util::{run, runtime, spin, until};

/// Go's `TestYieldProgress`: a task that only yields sees a message.
#[test]
fn yielding_lets_other_tasks_run() {
    for workers in [1, 2] {
        run(&runtime(workers), async {
            let (sender, receiver) = async_channel::bounded(1);
            let task = rt::spawn(async move {
                while receiver.try_recv().is_err() {
                    rt::yield_now().await;
                }
            });
            rt::sleep(Duration::from_millis(10)).await;
            sender.send(()).await.unwrap();
            task.await.unwrap();
        });
    }
}

/// Spawns two tasks that keep waking each other until `stop`.
fn ping_pong(stop: &Arc<AtomicBool>, polls: &Arc<AtomicUsize>) {
    let (a, at_b) = async_channel::bounded(1);
    let (b, at_a) = async_channel::bounded(1);
    for (sender, receiver) in [(a, at_a), (b.clone(), at_b)] {
        let (stop, polls) = (Arc::clone(stop), Arc::clone(polls));
        drop(rt::spawn(async move {
            while !stop.load(Relaxed) {
                polls.fetch_add(1, Relaxed);
                if receiver.recv().await.is_err() || sender.send(()).await.is_err() {
                    break;
                }
            }
        }));
    }
    b.try_send(()).unwrap();
}

/// Every 61st poll takes from the global queue. Two tasks that are always ready are polled at most
/// that often before a task from outside.
#[test]
fn the_global_queue_has_its_turn() {
    // No worker is replaced here.
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..2 {
        let (polls, stop) = (Arc::clone(&polls), Arc::clone(&stop));
        drop(runtime.spawn(async move {
            while !stop.load(Relaxed) {
                polls.fetch_add(1, SeqCst);
                rt::yield_now().await;
            }
        }));
    }
    until("both to run", || polls.load(SeqCst) > 1000);
    for _ in 0..100 {
        let counted = Arc::clone(&polls);
        let before = polls.load(SeqCst);
        let task = runtime.spawn(async move { counted.load(SeqCst) });
        // Polls between the load and the spawn do not count, so the minimum of several tries is
        // checked.
        until("the task", || task.is_finished());
        let after = runtime.block_on(task).unwrap();
        if after - before <= 62 {
            stop.store(true, Relaxed);
            return;
        }
    }
    panic!("the task never ran within 62 polls");
}

/// Beside tasks with long polls, a task from outside waits for one or two of them, not for 61.
#[test]
fn the_global_queue_has_its_turn_after_a_long_poll() {
    // No worker is replaced here.
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let (polls, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    for _ in 0..16 {
        let (polls, stop) = (Arc::clone(&polls), Arc::clone(&stop));
        drop(runtime.spawn(async move {
            while !stop.load(Relaxed) {
                spin(Duration::from_millis(1));
                polls.fetch_add(1, SeqCst);
                rt::yield_now().await;
            }
        }));
    }
    until("all to run", || polls.load(SeqCst) > 100);
    let meanwhile = (0..20).map(|_| {
        let (counted, before) = (Arc::clone(&polls), polls.load(SeqCst));
        runtime.block_on(runtime.spawn(async move { counted.load(SeqCst) - before })).unwrap()
    });
    // This thread may be stopped between the load and the spawn.
    let least = meanwhile.min().unwrap();
    stop.store(true, Relaxed);
    assert!(least <= 3, "{least} polls came before the task");
}

/// More tasks than fit into the queues of the workers are always ready: each has its turn.
#[test]
fn tasks_that_overflow_the_queues_have_their_turns() {
    let runtime = runtime(2);
    let turns: Arc<Vec<AtomicUsize>> = Arc::new((0..600).map(|_| AtomicUsize::new(0)).collect());
    let stop = Arc::new(AtomicBool::new(false));
    for i in 0..turns.len() {
        let (turns, stop) = (Arc::clone(&turns), Arc::clone(&stop));
        drop(runtime.spawn(async move {
            while !stop.load(Relaxed) {
                spin(Duration::from_micros(100));
                turns[i].fetch_add(1, Relaxed);
                rt::yield_now().await;
            }
        }));
    }
    until("three turns of each", || turns.iter().all(|turns| turns.load(Relaxed) >= 3));
    stop.store(true, Relaxed);
}

/// Go's `TestTimerFairness`.
#[test]
fn timers_fire_among_tasks_that_are_always_ready() {
    run(&runtime(1), async {
        let (sender, receiver) = async_channel::bounded(1);
        for _ in 0..2 {
            let sender = sender.clone();
            drop(rt::spawn(async move { while sender.send(()).await.is_ok() {} }));
        }
        let over = rt::spawn(rt::sleep(Duration::from_millis(20)));
        while !over.is_finished() {
            receiver.recv().await.unwrap();
        }
    });
}

/// Go's `TestAfterFuncStarvation`.
#[test]
fn timers_fire_beside_a_pair_that_wakes_each_other() {
    run(&runtime(1), async {
        let stop = Arc::new(AtomicBool::new(false));
        ping_pong(&stop, &Arc::default());
        rt::sleep(Duration::from_micros(1)).await;
        stop.store(true, Relaxed);
    });
}

/// A task in the queue runs although a pair of tasks keeps taking turns before it.
#[test]
fn the_queue_has_its_turn_beside_a_pair_that_wakes_each_other() {
    // No worker is replaced here.
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    run(&runtime, async {
        let stop = Arc::new(AtomicBool::new(false));
        let polls = Arc::new(AtomicUsize::new(0));
        ping_pong(&stop, &polls);
        for _ in 0..3 {
            let before = polls.load(Relaxed);
            rt::yield_now().await;
            let meanwhile = polls.load(Relaxed) - before;
            assert!(
                meanwhile <= 20_000,
                "{meanwhile} polls of the pair before the next of the queue"
            );
        }
        stop.store(true, Relaxed);
    });
}

/// Go's `TestGCFairness2`: each of three tasks that use a pool and are always ready has its turn.
#[test]
fn three_tasks_that_are_always_ready_take_turns() {
    static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);
    run(&runtime(1), async {
        let stop = Arc::new(AtomicBool::new(false));
        let turns: Arc<[AtomicUsize; 3]> = Arc::default();
        let tasks: Vec<_> = (0..3)
            .map(|i| {
                let (stop, turns) = (Arc::clone(&stop), Arc::clone(&turns));
                rt::spawn(async move {
                    while !stop.load(Relaxed) {
                        POOL.get().push(1);
                        turns[i].fetch_add(1, Relaxed);
                        rt::yield_now().await;
                    }
                })
            })
            .collect();
        while turns.iter().any(|turns| turns.load(Relaxed) == 0) {
            rt::sleep(Duration::from_millis(10)).await;
        }
        stop.store(true, Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Go's `TestPingPongHog`: of two pairs of tasks, one does a thousand times as much work in each
/// turn. Their shares of the time differ by a factor of at most 20.
#[test]
fn pairs_of_tasks_share_the_time() {
    // Another process may slow down one of the pairs, so there are several tries.
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let (hog, light) = run(&runtime(1), async {
            let stop = Arc::new(AtomicBool::new(false));
            let hog = pair(&stop, 1_000_000);
            let light = pair(&stop, 1_000);
            rt::sleep(Duration::from_millis(300)).await;
            stop.store(true, Relaxed);
            (hog.load(Relaxed) as f64, light.load(Relaxed) as f64)
        });
        let ratio = hog / light.max(1.0);
        if (1.0 / 20.0..20.0).contains(&ratio) {
            return;
        }
        ratios.push(ratio);
    }
    panic!("{ratios:?}");
}

/// Spawns two tasks that take turns in counting up to `limit`.
fn pair(stop: &Arc<AtomicBool>, limit: usize) -> Arc<AtomicUsize> {
    let count: Arc<AtomicUsize> = Arc::default();
    let (a, at_b) = async_channel::bounded(1);
    let (b, at_a) = async_channel::bounded(1);
    a.try_send(()).unwrap();
    for (sender, receiver) in [(a, at_a), (b, at_b)] {
        let (stop, count) = (Arc::clone(stop), Arc::clone(&count));
        drop(rt::spawn(async move {
            while receiver.recv().await.is_ok() && !stop.load(Relaxed) {
                for _ in 0..limit {
                    count.store(count.load(Relaxed) + 1, Relaxed);
                }
                if sender.send(()).await.is_err() {
                    break;
                }
            }
        }));
    }
    count
}

/// A task that uses up its time and yields does not run before the tasks that wait.
#[test]
fn a_slow_task_runs_after_those_that_wait() {
    run(&runtime(1), async {
        let others = Arc::new(AtomicUsize::new(0));
        let slow = rt::spawn({
            let others = Arc::clone(&others);
            async move {
                for i in 0..3 {
                    let counted = Arc::clone(&others);
                    drop(rt::spawn(async move {
                        counted.fetch_add(1, SeqCst);
                    }));
                    spin(Duration::from_millis(50));
                    rt::yield_now().await;
                    assert!(others.load(SeqCst) > i, "no other task ran during the yield");
                }
            }
        });
        slow.await.unwrap();
    });
}

/// Go's `TestTimerFairness2`: a timer among tasks that are always ready, one of which makes short
/// blocking calls all the time.
#[test]
fn timers_fire_among_short_blocking_calls() {
    run(&runtime(1), async {
        let (sender, receiver) = async_channel::bounded(1);
        for _ in 0..2 {
            let sender = sender.clone();
            drop(rt::spawn(async move { while sender.send(()).await.is_ok() {} }));
        }
        let over = rt::spawn(rt::sleep(Duration::from_millis(20)));
        while !over.is_finished() {
            rt::blocking(|| std::hint::black_box(0));
            receiver.recv().await.unwrap();
        }
    });
}

/// Go's `TestGCFairness`: a timer beside tasks that only make system calls, inside `blocking` or
/// not, and yield.
#[cfg(unix)]
#[test]
fn timers_fire_beside_system_calls() {
    use std::{fs::File, io::Write};

    for announced in [false, true] {
        run(&runtime(1), async move {
            let stop = Arc::new(AtomicBool::new(false));
            let tasks: Vec<_> = (0..2)
                .map(|_| {
                    let stop = Arc::clone(&stop);
                    rt::spawn(async move {
                        let mut null = File::options().write(true).open("/dev/null").unwrap();
                        while !stop.load(Relaxed) {
                            let mut write = || null.write_all(b".").unwrap();
                            if announced {
                                rt::blocking(write)
                            } else {
                                write()
                            }
                            rt::yield_now().await;
                        }
                    })
                })
                .collect();
            rt::sleep(Duration::from_millis(10)).await;
            stop.store(true, Relaxed);
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

/// A worker runs the newest task first, then its own queue in order, then tasks from outside. The
/// order may differ sometimes: when the global queue has its turn, or a time slice has ended.
#[test]
fn the_newest_task_then_the_own_queue_then_the_global_queue_runs() {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    // Inside its `block_on`, the worker counts as a thread from outside.
    let outside = Arc::new(self::runtime(1));
    let mut orders = Vec::new();
    for _ in 0..100 {
        let order: Arc<Mutex<Vec<char>>> = Arc::default();
        let (handle, outside) = (runtime.handle().clone(), Arc::clone(&outside));
        let note = {
            let order = Arc::clone(&order);
            move |which| {
                let order = Arc::clone(&order);
                async move { order.lock().unwrap().push(which) }
            }
        };
        run(&runtime, async move {
            let spawn = future::poll_fn(|_| Poll::Ready(handle.spawn(note('d'))));
            let spawned = rt::blocking(|| outside.block_on(spawn));
            let [b, c, a] = ['b', 'c', 'a'].map(|which| rt::spawn(note(which)));
            for task in [a, b, c, spawned] {
                task.await.unwrap();
            }
        });
        let order = order.lock().unwrap().iter().collect::<String>();
        if order == "abcd" {
            return;
        }
        orders.push(order);
    }
    panic!("{orders:?}");
}

/// Half of a full queue, and the task that does not fit, go to the global queue. None is lost.
#[test]
fn a_full_queue_overflows_to_the_global_queue() {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let handle = runtime.handle().clone();
    run(&runtime, async move {
        // One task is the next one, and 256 fill the queue.
        let mut tasks: Vec<_> = (0..257).map(|_| rt::spawn(async {})).collect();
        let full = handle.metrics();
        assert_eq!((full.queued, full.injected), (257, 0));
        tasks.push(rt::spawn(async {}));
        let over = handle.metrics();
        assert_eq!((over.queued, over.injected), (258, 129));
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Tasks whose sources are always ready share their worker, can be aborted, and time out.
#[test]
fn tasks_that_are_always_ready_have_a_budget() {
    // No worker is replaced here.
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let ready = |which: usize, count: Arc<AtomicUsize>| async move {
        loop {
            match which {
                0 => rt::consume_budget().await,
                1 => rt::sleep(Duration::ZERO).await,
                // Two sources in one task.
                _ => match count.load(Relaxed) % 2 {
                    0 => rt::consume_budget().await,
                    _ => rt::sleep(Duration::ZERO).await,
                },
            }
            count.fetch_add(1, Relaxed);
        }
    };
    for which in 0..3 {
        let count = Arc::<AtomicUsize>::default();
        let task = runtime.spawn(ready(which, Arc::clone(&count)));
        until("it to run", || count.load(Relaxed) > 1000);
        assert_eq!(run(&runtime, async { 1 }), 1, "another task runs");
        assert!(count.load(Relaxed) > 1000);
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        let limited = rt::timeout(Duration::from_millis(5), ready(which, Arc::default()));
        assert!(run(&runtime, limited).is_err());
    }
}

/// The budget is 128 operations of one poll; those that are not ready do not count, and there is
/// none inside `block_on` and `blocking`. A foreign executor inside a poll goes on.
#[test]
fn the_budget_is_128_operations_of_a_poll() {
    let runtime = Builder::new().workers(1).stall_after(None).build().unwrap();
    let count = |most: usize| {
        let mut cx = Context::from_waker(Waker::noop());
        (0..most)
            .take_while(|_| std::pin::pin!(rt::consume_budget()).poll(&mut cx).is_ready())
            .count()
    };
    run(&runtime, async move {
        assert_eq!([count(1000), count(1000)], [128, 128], "Pending once, and then as before");
        rt::yield_now().await;
        assert_eq!(count(100), 100);
        rt::yield_now().await;
        assert_eq!(count(1000), 128, "each poll has its own");
        rt::yield_now().await;
        let waiting = rt::spawn(future::pending::<()>());
        let mut waiting = std::pin::pin!(waiting);
        let mut cx = Context::from_waker(Waker::noop());
        assert!((0..1000).all(|_| waiting.as_mut().poll(&mut cx).is_pending()));
        assert_eq!(count(1000), 128, "what is not ready does not count");
        assert_eq!(rt::blocking(|| count(1000)), 1000);
    });
    assert_eq!(runtime.block_on(async { count(1000) }), 1000);
}
