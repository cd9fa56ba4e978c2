//! A soak: hours of random operations on many pools, while threads come and go, stop at bad moments
//! and panic. Every object checks what the pools promise, and at the end the books must balance.
//!
//! Built with `--cfg corepool_test_hooks` (see `ci/soak`) it stops threads inside a pin; without, anywhere.

// Nothing in a program can be reached from outside of it.
#![allow(unreachable_pub)]

mod args;
mod bursts;
mod crew;
mod faults;
mod held;
mod holder;
mod hooks;
mod item;
mod ledger;
mod local;
mod payload;
mod pools;
mod report;
#[cfg(target_os = "linux")]
mod stalls;
mod station;
mod watchdog;
mod worker;

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use corepool::set_collect_interval;
use crew::Crew;
use ledger::Run;
use station::{Station, WORKING};
use worker::{FASHION, STOP, STORM, TARGETS};

/// The time between two comparisons of the books.
const PAUSES: Duration = Duration::from_secs(1);

fn main() {
    let args = Run::get().args;
    println!("soak: {args:?}");
    let stations: &[Station] =
        (0..=args.threads).map(|_| Station::new()).collect::<Vec<_>>().leak();
    let (main, stations) = stations.split_first().expect("one at least");
    main.state.store(WORKING, Relaxed);
    local::begin(main, args.seed);
    TARGETS.get_or_init(|| pools::all(args.pools));
    thread::spawn(move || watchdog::watch(main, stations));
    #[cfg(target_os = "linux")]
    let signals = {
        stalls::install();
        thread::spawn(move || stalls::signal(stations, &STOP))
    };

    let mut crew = Crew::new(stations);
    let pauses = run(&mut crew, main);
    crew.end();
    #[cfg(target_os = "linux")]
    signals.join().expect("signals are sent");
    local::flush();
    report::print(crew.started, pauses);
}

/// Keeps the crew at work until the time is over, and tells how often the books were compared.
fn run(crew: &mut Crew, main: &Station) -> u64 {
    let run = Run::get();
    let (mut pauses, mut paused, mut told) = (0, Instant::now(), 60.0);
    while run.seconds() < run.args.seconds as f64 {
        main.step();
        crew.renew();
        thread::sleep(Duration::from_millis(1));
        if paused.elapsed() >= PAUSES {
            crew.compare();
            let storm = !STORM.fetch_not(Relaxed);
            // Threads collect for all, in the midst of anything.
            set_collect_interval(storm.then_some(Duration::from_millis(1)));
            FASHION.store(local::below(run.args.pools), Relaxed);
            (pauses, paused) = (pauses + 1, Instant::now());
        }
        if run.seconds() >= told {
            println!("{told:.0} s: {} operations", report::operations());
            told += 60.0;
        }
    }
    pauses + 1
}
