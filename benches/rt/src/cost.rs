//! The cost of tasks that wait, of many tasks that compute, and of an idle runtime.

use std::{
    fs, future,
    sync::{Mutex, mpsc},
    task::Waker,
    thread,
    time::{Duration, Instant},
};

use crate::{
    side::{Core, Side, Tokio},
    switch::median,
};

/// 100 tasks of 50 ms of processor time on 2 workers.
pub(crate) fn busy() {
    let core = Core::new(2);
    let tokio = Tokio::new(2);
    let (mut ours, mut theirs, mut threads) = (Vec::new(), Vec::new(), 0);
    for _ in 0..3 {
        ours.push(hundred(&core));
        threads = threads.max(core.threads());
        theirs.push(hundred(&tokio));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "* 100 tasks of 50 ms of processor time on 2 workers: corepool {ours:.2} s, tokio {theirs:.2} s. corepool has \
         {threads} threads afterwards."
    );
}

fn hundred<S: Side>(side: &S) -> f64 {
    let start = Instant::now();
    let (sender, receiver) = mpsc::channel();
    side.run(async move {
        for _ in 0..100 {
            let sender = sender.clone();
            S::spawn(async move {
                burn(Duration::from_millis(50));
                sender.send(()).unwrap();
            });
        }
    });
    assert_eq!(receiver.iter().take(100).count(), 100);
    start.elapsed().as_secs_f64()
}

/// Uses processor time, so that other processes do not shorten the work.
fn burn(time: Duration) {
    let start = thread_time();
    while thread_time() - start < time {
        for _ in 0..1000 {
            std::hint::spin_loop();
        }
    }
}

fn thread_time() -> Duration {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn clock(which: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid for writes.
    unsafe { libc::clock_gettime(which, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Prints the bytes of resident memory per waiting task, for 100,000 tasks with a future of 64
/// bytes.
pub(crate) fn memory() {
    const TASKS: usize = 100_000;
    static WAKERS: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

    fn parked<S: Side>() {
        let side = S::new(2);
        side.run(async {});
        // Allocated before the measurement.
        let mut wakers = vec![Waker::noop().clone(); TASKS];
        wakers.clear();
        *WAKERS.lock().unwrap() = wakers;
        let before = resident();
        side.run(async {
            for i in 0..TASKS {
                let payload = [i as u64; 7];
                S::spawn(future::poll_fn(move |cx| {
                    std::hint::black_box(&payload);
                    // Keeps the waker, like code that would wake the task.
                    WAKERS.lock().unwrap().push(cx.waker().clone());
                    std::task::Poll::Pending
                }));
            }
        });
        thread::sleep(Duration::from_millis(500));
        println!(
            "* {}: {} bytes for each of 100,000 waiting tasks, which have a future of 64 bytes and a waker.",
            S::NAME,
            resident().saturating_sub(before) / TASKS
        );
        side.end();
    }
    match std::env::args().nth(2).as_deref() {
        Some("tokio") => parked::<Tokio>(),
        _ => parked::<Core>(),
    }
}

fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Prints the processor time of five seconds without work.
pub(crate) fn idle() {
    fn side<S: Side>() {
        let side = S::new(2);
        side.run(async {
            S::spawn(async {});
            S::sleep(Duration::from_millis(10)).await;
        });
        thread::sleep(Duration::from_millis(200));
        let before = clock(libc::CLOCK_PROCESS_CPUTIME_ID);
        thread::sleep(Duration::from_secs(5));
        let used = clock(libc::CLOCK_PROCESS_CPUTIME_ID) - before;
        println!(
            "* {}: {:.2} ms of processor time in 5 s without work.",
            S::NAME,
            used.as_secs_f64() * 1e3
        );
        side.end();
    }
    side::<Core>();
    side::<Tokio>();
}
