//! A soak: random operations on many pools, for hours if wanted, while threads start and end, are
//! stopped by signals, and panic. Every object checks what the pools promise, and at the end every
//! object must be accounted for.
//!
//! Built with `--cfg corepool_test_hooks` (see `ci/soak`) it stops threads inside a pin; otherwise,
//! anywhere.

// `unreachable_pub` does not apply to a program.
#![allow(unreachable_pub)]

mod args;
mod bursts;
mod faults;
mod held;
mod holder;
mod hooks;
mod item;
mod ledger;
mod local;
mod payload;
mod pools;
#[path = "../progress.rs"]
mod progress;
mod report;
mod slot;
#[cfg(target_os = "linux")]
mod stalls;
mod threads;
mod watchdog;
mod worker;

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use corepool::set_collect_interval;
use ledger::Run;
use progress::Progress;
use slot::{ThreadSlot, WORKING};
use threads::Threads;
use worker::{FREQUENT_COLLECTS, PREFERRED, STOP, TARGETS};

/// The time between two comparisons of the ledgers.
const PAUSES: Duration = Duration::from_secs(1);

fn main() {
    let args = Run::get().args;
    println!("soak: {args:?}");
    let slots: &[ThreadSlot] =
        (0..=args.threads).map(|_| ThreadSlot::new()).collect::<Vec<_>>().leak();
    let (main, slots) = slots.split_first().expect("one at least");
    main.state.store(WORKING, Relaxed);
    local::begin(main, args.seed);
    TARGETS.get_or_init(|| pools::all(args.pools));
    thread::spawn(move || watchdog::watch(main, slots));
    #[cfg(target_os = "linux")]
    let signals = {
        stalls::install();
        thread::spawn(move || stalls::signal(slots, &STOP))
    };

    let mut threads = Threads::new(slots);
    let pauses = run(&mut threads, main);
    threads.end();
    #[cfg(target_os = "linux")]
    signals.join().expect("signals are sent");
    local::flush();
    report::print(threads.started, pauses);
}

/// Keeps the threads at work until the run is over. Returns how often the ledgers were compared.
fn run(threads: &mut Threads, main: &ThreadSlot) -> u64 {
    let run = Run::get();
    let (mut pauses, mut paused) = (0, Instant::now());
    let mut progress = Progress::begin("soak", run.args.seconds);
    while !progress.is_over() {
        main.step();
        threads.renew();
        thread::sleep(Duration::from_millis(1));
        if paused.elapsed() >= PAUSES {
            threads.compare();
            let frequent = !FREQUENT_COLLECTS.fetch_not(Relaxed);
            // With an interval of 1 ms, the collect thread collects all the time, while other threads
            // are inside operations.
            set_collect_interval(frequent.then_some(Duration::from_millis(1)));
            PREFERRED.store(local::below(run.args.pools), Relaxed);
            (pauses, paused) = (pauses + 1, Instant::now());
        }
        progress.tell(|| format!("{} operations", report::operations()));
    }
    progress.end();
    pauses + 1
}
