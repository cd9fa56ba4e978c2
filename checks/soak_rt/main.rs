//! A soak of the runtime: tasks with random operations, on runtimes that start and shut down, with
//! polls that get stuck, panics, aborts, timers, sockets, changes of the number of workers, and
//! shutdowns at random moments. Checked:
//!
//! * Each task ends once, its future is dropped once, and its handle reports how it ended.
//! * No two threads have the same worker index.
//! * No timer fires early. One that is dropped drops its waker.
//! * Every byte that was sent over a connection arrives, in order, also where operations are dropped.
//! * A socket that is left when its runtime ends returns errors.
//! * After the end of a runtime all its descriptors are closed.
//! * Futures of three quarters of a stack can be spawned, before all that.
//!
//! ```text
//! soak_rt [SECONDS [SEED]]
//! ```
//!
//! Exit code: 0 if nothing was violated, 1 otherwise. A hang aborts.

// `unreachable_pub` does not apply to a program.
#![allow(unreachable_pub)]

mod channels;
mod counts;
mod crowd;
mod descriptors;
mod dice;
mod large;
mod objects;
mod order;
mod outsider;
#[path = "../progress.rs"]
mod progress;
mod round;
mod server;
mod sockets;
mod stream;
mod task;
mod timers;
mod watchdog;

use std::{panic, process::exit, time::SystemTime};

use counts::TOTAL;
use dice::Dice;
use progress::Progress;

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (seconds, seed) = match (words.next(), words.next(), words.next()) {
        (None, ..) => (60, clock()),
        (Some(Ok(seconds)), None, _) => (seconds, clock()),
        (Some(Ok(seconds)), Some(Ok(seed)), None) => (seconds, seed),
        _ => {
            eprintln!("usage: soak_rt [SECONDS [SEED]]");
            exit(2);
        }
    };
    println!("soak_rt: {seconds} s, seed {seed}");
    // Planned panics are silent.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<task::Planned>() {
            hook(info);
            exit(1);
        }
    }));
    watchdog::start();
    large::play();
    let mut progress = Progress::begin("soak_rt", seconds);
    let mut dice = Dice::new(seed);
    let mut rounds = 0;
    while !progress.is_over() {
        round::play(&mut dice);
        watchdog::step();
        rounds += 1;
        progress.tell(|| format!("{rounds} runtimes"));
    }
    progress.end();
    println!("soak_rt: {rounds} runtimes, {TOTAL}, 0 violations");
}

fn clock() -> u64 {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    time.map_or(1, |time| time.as_nanos() as u64)
}
