//! All threads, as the main thread controls them.

use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corepool::collect;

use crate::faults::caught;
use crate::hooks::stop_nesting;
use crate::ledger::Run;
use crate::slot::{ENDED, PAUSED, ThreadSlot, VACANT, WORKING, lock};
use crate::worker::{MAIL, PAUSE, STOP, give_back, targets, work};

pub struct Threads {
    slots: &'static [ThreadSlot],
    threads: Vec<Option<JoinHandle<()>>>,
    /// Ended threads that may still be running thread-local destructors.
    leaving: Vec<JoinHandle<()>>,
    pub started: u64,
}

impl Threads {
    pub fn new(slots: &'static [ThreadSlot]) -> Self {
        let threads = slots.iter().map(|_| None).collect();
        Self { slots, threads, leaving: Vec::new(), started: 0 }
    }

    /// Starts a new thread for each one that has ended, while the old one may still be exiting.
    pub fn renew(&mut self) {
        self.join();
        self.dismiss();
        for (slot, thread) in self.slots.iter().zip(&mut self.threads) {
            if thread.is_none() {
                self.started += 1;
                let seed = Run::get().args.seed.wrapping_add(self.started);
                slot.state.store(WORKING, Relaxed);
                *thread = Some(thread::spawn(move || work(slot, seed)));
            }
        }
    }

    /// Clears the slots of the threads that have ended.
    fn dismiss(&mut self) {
        for (slot, thread) in self.slots.iter().zip(&mut self.threads) {
            if slot.state.load(Acquire) == ENDED {
                slot.state.store(VACANT, Relaxed);
                self.leaving.extend(thread.take());
            }
        }
    }

    /// Waits until the leaving threads, and their thread-local destructors, have ended.
    fn join(&mut self) {
        self.leaving.drain(..).for_each(|thread| thread.join().expect("workers catch panics"));
    }

    /// Waits until no thread is in this state.
    fn wait_while(&self, state: u8) {
        while self.slots.iter().any(|slot| slot.state.load(Acquire) == state) {
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits until no thread is at work or holds an object.
    fn quiet(&mut self) {
        self.wait_while(WORKING);
        self.dismiss();
        self.join();
        for mail in &MAIL {
            let mut loans = std::mem::take(&mut *lock(mail));
            give_back(&mut loans);
        }
        // A pool that ended while a thread was stopped inside a pin has left that thread's objects to
        // the collects.
        (0..2).for_each(|_| caught(collect));
    }

    /// Compares the ledgers with the pools' counters while all other threads pause.
    pub fn compare(&mut self) {
        PAUSE.store(true, Relaxed);
        self.quiet();
        targets().iter().for_each(|target| target.compare());
        PAUSE.store(false, Relaxed);
        self.wait_while(PAUSED);
    }

    /// Compares the ledgers after all threads have ended, and closes them: no object may be left.
    pub fn end(&mut self) {
        STOP.store(true, Relaxed);
        self.quiet();
        targets().iter().for_each(|target| target.compare());
        stop_nesting();
        targets().iter().for_each(|target| caught(|| target.close()));
        targets().iter().for_each(|target| target.ledger().close());
    }
}
