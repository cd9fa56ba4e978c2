//! Sleeps.

use std::{
    future::{self, Future},
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

use corepool::rt;

use crate::util::{LONG, in_a_process, run, runtime, until};

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

/// A waker that does something when it is called.
struct Call<F: Fn()>(F);

impl<F: Fn() + Send + Sync> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Sets a timer with a waker that calls `f`. It is set until the sleep is dropped.
fn call_after(time: Duration, f: impl Fn() + Send + Sync + 'static) -> Pin<Box<rt::Sleep>> {
    let waker = Waker::from(Arc::new(Call(f)));
    // This thread may be stopped for so long that the time is over at once.
    loop {
        let mut sleep = Box::pin(rt::sleep(time));
        if sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            return sleep;
        }
    }
}

#[test]
fn a_waker_that_panics_loses_no_other_timer() {
    in_a_process(|| {
        let runtime = runtime(1);
        for inside in [false, true] {
            let (fired, last) = mpsc::channel();
            let set = move || {
                let time = Duration::from_millis(20);
                let bad = call_after(time, || panic!("a waker"));
                let good = call_after(time, move || fired.send(()).unwrap());
                (bad, good)
            };
            let _sleeps = if inside {
                run(&runtime, async { set() })
            } else {
                runtime.block_on(async { set() })
            };
            last.recv_timeout(LONG).unwrap();
        }
        assert_eq!(run(&runtime, async { 1 }), 1, "the worker goes on");
    });
}

/// The timers of the stuck worker itself, and those of another thread.
#[test]
fn timers_fire_beside_a_stuck_worker() {
    let runtime = rt::Builder::new().workers(1).stall_after(None).build().unwrap();
    let (fired, own) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let stuck = runtime.spawn(async move {
        let _sleep = call_after(Duration::from_millis(5), move || fired.send(()).unwrap());
        own.recv_timeout(LONG).expect("the worker's own timer");
        wait.recv_timeout(LONG).expect("the timer of another thread");
    });
    runtime.block_on(async {
        rt::sleep(Duration::from_millis(5)).await;
        go.send(()).unwrap();
        stuck.await.unwrap();
    });
}

/// A call blocks the only worker, beside nothing. One timer was set before, by a thread outside, and
/// the worker has waited for it. Another is set during the call.
#[test]
fn timers_fire_beside_a_call_that_blocks() {
    let runtime = runtime(1);
    let start = Instant::now();
    let (go, wait) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        // Until sysmon is idle.
        rt::sleep(Duration::from_millis(300)).await;
        rt::blocking(|| wait.recv_timeout(LONG).expect("the timers"));
    });
    let before = runtime.handle().clone();
    let before = std::thread::spawn(move || before.block_on(rt::sleep(Duration::from_millis(900))));
    before.join().unwrap();
    until("the call", || runtime.metrics().blocking == 1);
    // Until sysmon is idle again.
    std::thread::sleep(Duration::from_millis(200));
    runtime.block_on(rt::sleep(Duration::from_millis(10)));
    assert!(start.elapsed() < LONG / 2, "the timers are late");
    go.send(()).unwrap();
    runtime.block_on(task).unwrap();
}

/// Timers that were set on a worker which is not needed any more fire on the others.
#[test]
fn timers_of_surplus_workers_fire() {
    let runtime = runtime(4);
    let tasks: Vec<_> =
        (0..100).map(|i| runtime.spawn(rt::sleep(Duration::from_millis(20 + i % 10)))).collect();
    runtime.set_workers(1).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let busy = runtime.spawn({
        let over = Arc::clone(&over);
        async move {
            while !over.load(SeqCst) {
                rt::yield_now().await;
            }
        }
    });
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
        over.store(true, SeqCst);
        busy.await.unwrap();
    });
}

/// Timers are set, fired and cancelled by tasks that move between workers.
#[test]
fn timers_come_and_go_on_all_workers() {
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..200_u64)
        .map(|i| {
            runtime.spawn(async move {
                for j in 0..20 {
                    let time = Duration::from_micros((i * 37 + j * 101) % 2000);
                    let limit = Duration::from_micros((i * 53 + j * 71) % 2000);
                    let start = Instant::now();
                    match rt::timeout(limit, rt::sleep(time)).await {
                        Ok(()) => assert!(start.elapsed() >= time),
                        Err(_) => assert!(start.elapsed() >= limit),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
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
    let mut sleep = Box::pin(rt::sleep(Duration::from_millis(500)));
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

/// The future is polled first, so it has its output even after the limit.
#[test]
fn a_timeout_has_the_output_or_an_error() {
    let runtime = runtime(1);
    run(&runtime, async {
        assert_eq!(rt::timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        assert_eq!(rt::timeout(LONG, rt::spawn(async { 2 })).await.unwrap().unwrap(), 2);
        let error =
            rt::timeout(Duration::from_millis(1), future::pending::<()>()).await.unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
        // A limit that cannot be represented never passes.
        assert_eq!(rt::timeout(Duration::MAX, async { 3 }).await, Ok(3));
    });
}

/// The first tick is now, and the others are at multiples of the period, none early.
#[test]
fn an_interval_ticks_at_multiples_of_its_period() {
    let period = Duration::from_millis(5);
    run(&runtime(1), async move {
        let start = Instant::now();
        let mut interval = rt::interval(period);
        let first = interval.tick().await;
        assert!(first >= start);
        let mut last = first;
        for _ in 0..5 {
            let tick = interval.tick().await;
            assert!(Instant::now() >= tick && tick > last);
            assert_eq!((tick - first).as_nanos() % period.as_nanos(), 0);
            last = tick;
        }
    });
}

/// A task that is late gets one tick at once, not one for each that it has missed.
#[test]
fn an_interval_leaves_missed_ticks_out() {
    run(&runtime(1), async {
        let mut interval = rt::interval(Duration::from_millis(1));
        interval.tick().await;
        std::thread::sleep(Duration::from_millis(50));
        let now = Instant::now();
        let missed = interval.tick().await;
        assert!(now - missed >= Duration::from_millis(45));
        assert!(interval.tick().await + Duration::from_millis(1) > now);
        // A tick that is not awaited to its end is not lost.
        let mut tick = Box::pin(interval.tick());
        while tick.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            drop(tick);
            tick = Box::pin(interval.tick());
        }
        drop(tick);
        interval.tick().await;
        // One that cannot be represented never comes.
        let mut longest = rt::interval(Duration::MAX);
        longest.tick().await;
        assert!(rt::timeout(Duration::from_millis(1), longest.tick()).await.is_err());
    });
}

#[test]
#[should_panic(expected = "the period of an interval is zero")]
fn an_interval_without_a_period_is_refused() {
    drop(rt::interval(Duration::ZERO));
}

/// A ticker wakes the threads of the process about twice for each tick, and a call that blocks
/// beside nothing does not wake them.
#[cfg(target_os = "linux")]
#[test]
fn few_threads_wake_for_a_tick_and_none_for_a_call_that_blocks() {
    fn switches() -> u64 {
        let own = std::fs::canonicalize("/proc/thread-self").unwrap();
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let statuses = threads
            .map(|thread| thread.unwrap().path())
            .filter(|path| !own.ends_with(path.file_name().unwrap()));
        statuses
            .map(|path| {
                let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
                let line =
                    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
                line.map_or(0, |count| count.trim().parse::<u64>().unwrap())
            })
            .sum()
    }

    in_a_process(|| {
        let runtime = runtime(2);
        // Where other processes delay threads, there may be more.
        let least = (0..5)
            .map(|_| {
                let before = switches();
                run(&runtime, async {
                    for _ in 0..20 {
                        rt::sleep(Duration::from_millis(10)).await;
                    }
                });
                switches().saturating_sub(before)
            })
            .min()
            .unwrap();
        // Some belong to the start and to the end.
        assert!(least < 100, "{least} for 20 ticks");
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let task = runtime.spawn(async move { rt::blocking(|| _ = wait.recv_timeout(LONG)) });
        until("the call", || runtime.metrics().blocking == 1);
        // Sysmon looks a few times before it sleeps, which takes longer on a busy machine.
        std::thread::sleep(Duration::from_millis(100));
        let least = (0..5)
            .map(|_| {
                let before = switches();
                std::thread::sleep(Duration::from_millis(300));
                switches().saturating_sub(before)
            })
            .min()
            .unwrap();
        drop(go);
        runtime.block_on(task).unwrap();
        assert!(least < 5, "{least} while a call blocked");
    });
}
