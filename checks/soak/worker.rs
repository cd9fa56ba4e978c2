//! What each thread does from its beginning to its end.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::caught;
use crate::held::Loan;
use crate::local::{self, Op, below, chance, count, set_plain};
use crate::pools::Target;
use crate::station::{ENDED, PAUSED, Station, WORKING, lock};

pub static TARGETS: OnceLock<Vec<Box<dyn Target>>> = OnceLock::new();

/// Guards on their way to other threads.
pub static MAIL: [Mutex<Loans>; 8] = [const { Mutex::new(Vec::new()) }; 8];

pub static STOP: AtomicBool = AtomicBool::new(false);
pub static PAUSE: AtomicBool = AtomicBool::new(false);
/// Times of many collects and of few take turns: hoards last in the latter only.
pub static STORM: AtomicBool = AtomicBool::new(false);
/// The pool that is used most just now.
pub static FASHION: AtomicUsize = AtomicUsize::new(0);

pub type Loans = Vec<Box<dyn Loan>>;

pub fn targets() -> &'static [Box<dyn Target>] {
    TARGETS.get().expect("set at the beginning")
}

/// A pool at random, half of the time the one in fashion, so that threads meet.
fn target() -> &'static dyn Target {
    let targets = targets();
    let index = if chance(2) { below(targets.len()) } else { FASHION.load(Relaxed) };
    &*targets[index]
}

/// Gives back guards, each of which may panic.
pub fn give_back(loans: &mut Loans) {
    while let Some(loan) = loans.pop() {
        caught(|| drop(loan));
    }
}

/// Once in `n` times, so many collects. In a row they catch a thread that stalls at any moment.
fn collects(n: usize, times: usize) {
    if chance(n) {
        for _ in 0..times {
            count(Op::Collect);
            corepool::collect();
        }
    }
}

/// One thing to do.
fn step(loans: &mut Loans) {
    set_plain(chance(2));
    if STORM.load(Relaxed) {
        collects(16, 1);
        collects(1024, 256);
    } else {
        collects(1 << 15, 1);
    }
    match below(64) {
        0..4 => loans.push(target().lend()),
        4..6 => send(loans),
        6..8 => loans.extend(lock(&MAIL[below(MAIL.len())]).pop()),
        8 => {
            loans.iter().for_each(|loan| loan.check());
            give_back(loans);
        }
        _ => target().burst(),
    }
}

fn send(loans: &mut Loans) {
    let Some(loan) = loans.pop() else { return };
    let mut mail = lock(&MAIL[below(MAIL.len())]);
    if mail.len() < 64 {
        mail.push(loan);
    } else {
        drop(mail);
        drop(loan);
    }
}

/// Uses pools while the thread's locals go: before or after its seat does.
struct Farewell(Loans);

impl Drop for Farewell {
    fn drop(&mut self) {
        give_back(&mut self.0);
        for _ in 0..below(4) {
            caught(|| target().burst());
        }
        local::flush();
    }
}

thread_local! {
    static FAREWELL: RefCell<Farewell> = const { RefCell::new(Farewell(Vec::new())) };
}

fn lifetime() -> Duration {
    Duration::from_millis(2 << below(11))
}

/// The life of one thread.
pub fn work(station: &'static Station, seed: u64) {
    local::begin(station, seed);
    if chance(3) {
        // Locals go in the order in which they came, the latest first.
        FAREWELL.with(|_| ());
    }
    station.expose(true);
    let (mut loans, end) = (Vec::new(), Instant::now() + lifetime());
    while !STOP.load(Relaxed) && Instant::now() < end {
        if PAUSE.load(Relaxed) {
            pause(station, &mut loans);
        }
        station.step();
        caught(|| step(&mut loans));
    }
    if chance(2) {
        FAREWELL.with_borrow_mut(|farewell| farewell.0.append(&mut loans));
    }
    give_back(&mut loans);
    station.expose(false);
    local::flush();
    station.state.store(ENDED, Release);
}

/// Holds nothing and does nothing, so that the books can be compared.
fn pause(station: &Station, loans: &mut Loans) {
    give_back(loans);
    station.state.store(PAUSED, Release);
    while PAUSE.load(Relaxed) {
        thread::sleep(Duration::from_micros(200));
    }
    station.state.store(WORKING, Relaxed);
}
