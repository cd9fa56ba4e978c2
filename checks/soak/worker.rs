//! What each thread does from its start to its end.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::caught;
use crate::held::Loan;
use crate::local::{self, Op, below, chance, count, set_plain};
use crate::pools::Target;
use crate::slot::{ENDED, PAUSED, ThreadSlot, WORKING, lock};

pub static TARGETS: OnceLock<Vec<Box<dyn Target>>> = OnceLock::new();

/// Guards on their way to other threads.
pub static MAIL: [Mutex<Loans>; 8] = [const { Mutex::new(Vec::new()) }; 8];

pub static STOP: AtomicBool = AtomicBool::new(false);
pub static PAUSE: AtomicBool = AtomicBool::new(false);
/// Phases with frequent collects and phases with few alternate. Idle objects pile up only in the
/// latter.
pub static FREQUENT_COLLECTS: AtomicBool = AtomicBool::new(false);
/// The pool that threads currently prefer.
pub static PREFERRED: AtomicUsize = AtomicUsize::new(0);

pub type Loans = Vec<Box<dyn Loan>>;

pub fn targets() -> &'static [Box<dyn Target>] {
    TARGETS.get().expect("set at the beginning")
}

/// Returns a random pool, half of the time the preferred one, so that threads meet.
fn target() -> &'static dyn Target {
    let targets = targets();
    let index = if chance(2) { below(targets.len()) } else { PREFERRED.load(Relaxed) };
    &*targets[index]
}

/// Gives back guards. Each drop may panic.
pub fn give_back(loans: &mut Loans) {
    while let Some(loan) = loans.pop() {
        caught(|| drop(loan));
    }
}

/// Runs `times` collects once in `n` calls. Repeated collects meet a stalled thread at every point
/// of an operation.
fn collects(n: usize, times: usize) {
    if chance(n) {
        for _ in 0..times {
            count(Op::Collect);
            corepool::collect();
        }
    }
}

/// Does one random thing.
fn step(loans: &mut Loans) {
    set_plain(chance(2));
    if FREQUENT_COLLECTS.load(Relaxed) {
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

/// Uses pools while thread-locals are destroyed, before or after the thread gives back its seat.
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
pub fn work(slot: &'static ThreadSlot, seed: u64) {
    local::begin(slot, seed);
    if chance(3) {
        // Thread-locals are destroyed in reverse order of their first use, so this one outlives the
        // seat.
        FAREWELL.with(|_| ());
    }
    slot.expose(true);
    let (mut loans, end) = (Vec::new(), Instant::now() + lifetime());
    while !STOP.load(Relaxed) && Instant::now() < end {
        if PAUSE.load(Relaxed) {
            pause(slot, &mut loans);
        }
        slot.step();
        caught(|| step(&mut loans));
    }
    if chance(2) {
        FAREWELL.with_borrow_mut(|farewell| farewell.0.append(&mut loans));
    }
    give_back(&mut loans);
    slot.expose(false);
    local::flush();
    slot.state.store(ENDED, Release);
}

/// Holds nothing and does nothing, so that the ledgers can be compared.
fn pause(slot: &ThreadSlot, loans: &mut Loans) {
    give_back(loans);
    slot.state.store(PAUSED, Release);
    while PAUSE.load(Relaxed) {
        thread::sleep(Duration::from_micros(200));
    }
    slot.state.store(WORKING, Relaxed);
}
