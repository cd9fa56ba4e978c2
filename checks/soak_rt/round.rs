//! The life of one runtime.

use std::{
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

use corepool::rt::{Builder, JoinHandle, Runtime, net::TcpListener};

use crate::{
    counts::TOTAL,
    descriptors,
    dice::Dice,
    order::{Order, Place},
    outsider,
    server::Acceptors,
    task::{Planned, act, check},
    timers, watchdog,
};

/// The most threads that a runtime may have.
const THREADS: u64 = 24;

pub fn play(dice: &mut Dice) {
    let descriptors = descriptors::count();
    let runtime = build(dice);
    // A runtime has no netpoller before its first socket.
    let has_sockets = !dice.one_in(4);
    let listener = has_sockets.then(|| listen(&runtime));
    let address = listener.as_ref().map(|listener| listener.local_addr().expect("it is bound"));
    let outsider = (has_sockets && dice.one_in(3)).then(|| outsider::start(&runtime));
    let place = Place::new(address);
    let mut acceptors = Acceptors::spawn(&runtime, listener, &place, dice);
    let roots: Vec<_> = (0..1 + dice.below(100))
        .map(|_| {
            let order = Order::new(dice, 3, &place);
            (order.name, runtime.spawn(act(order)))
        })
        .collect();
    disturb(&runtime, &mut acceptors, dice);
    if dice.one_in(3) {
        // The shutdown comes while tasks run.
        place.stop();
        end(runtime, dice);
        drop(roots);
    } else {
        finish(&runtime, roots, dice);
        place.stop();
        until("all tasks end", || runtime.metrics().alive <= acceptors.len());
        drop(acceptors);
        until("all acceptors end", || runtime.metrics().alive == 0);
        let metrics = runtime.metrics();
        assert_eq!(metrics.queued, 0, "{metrics:?}");
        assert!(metrics.threads <= THREADS as usize, "{metrics:?}");
        end(runtime, dice);
    }
    until("all futures are dropped", || place.counts.live() == 0);
    if let Some(outsider) = outsider {
        outsider.join().expect("a panic exits");
    }
    until("all descriptors are closed", || descriptors::count() == descriptors);
}

fn listen(runtime: &Runtime) -> TcpListener {
    runtime.block_on(async { TcpListener::bind("127.0.0.1:0") }).expect("there is a free port")
}

fn build(dice: &mut Dice) -> Runtime {
    let workers = 1 + dice.below(4) as usize;
    let threads = (workers as u64 + dice.below(THREADS - 3)) as usize;
    let limit = [None, Some(0), Some(1), Some(10)][dice.below(4) as usize];
    let fails = dice.one_in(4);
    Builder::new()
        .workers(workers)
        .max_threads(threads)
        .stall_after(limit.map(Duration::from_millis))
        .on_stall(move |_| {
            if fails {
                resume_unwind(Box::new(Planned::default()));
            }
        })
        .build()
        .expect("threads can be started")
}

/// Changes the number of workers, collects, reads the metrics, and sleeps beside the workers.
fn disturb(runtime: &Runtime, acceptors: &mut Acceptors, dice: &mut Dice) {
    for _ in 0..dice.below(50) {
        match dice.below(6) {
            // The number may exceed `max_threads`: the result is ignored.
            0 => drop(runtime.set_workers(1 + dice.below(5) as usize)),
            1 => corepool::collect(),
            2 => drop(runtime.metrics()),
            3 => runtime.block_on(timers::sleep(dice)),
            4 => acceptors.abort_one(),
            _ => thread::sleep(dice.time()),
        }
    }
}

/// Waits for some of the tasks, outside of the runtime.
fn finish(runtime: &Runtime, roots: Vec<(u64, JoinHandle<u64>)>, dice: &mut Dice) {
    for (name, root) in roots {
        if dice.one_in(2) {
            check(name, runtime.block_on(root), false);
        }
    }
}

fn end(runtime: Runtime, dice: &mut Dice) {
    TOTAL.add(&runtime.metrics());
    if dice.one_in(2) {
        // Threads that were replaced are not waited for.
        until("all threads end", || runtime.shutdown(Duration::from_secs(60)));
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < watchdog::PATIENCE, "{what}: not in time");
        thread::sleep(Duration::from_micros(100));
    }
}
