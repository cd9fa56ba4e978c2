//! The crew: all threads, as the main thread sees them.

use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::faults::caught;
use crate::hooks::stop_nesting;
use crate::ledger::Run;
use crate::station::{ENDED, PAUSED, Station, VACANT, WORKING, lock};
use crate::worker::{MAIL, PAUSE, STOP, give_back, targets, work};

pub struct Crew {
    stations: &'static [Station],
    threads: Vec<Option<JoinHandle<()>>>,
    /// Threads whose locals are going.
    leaving: Vec<JoinHandle<()>>,
    pub started: u64,
}

impl Crew {
    pub fn new(stations: &'static [Station]) -> Self {
        let threads = stations.iter().map(|_| None).collect();
        Self { stations, threads, leaving: Vec::new(), started: 0 }
    }

    /// Puts a new thread in the place of each one that has ended, while that is still leaving.
    pub fn renew(&mut self) {
        self.join();
        self.dismiss();
        for (station, thread) in self.stations.iter().zip(&mut self.threads) {
            if thread.is_none() {
                self.started += 1;
                let seed = Run::get().args.seed.wrapping_add(self.started);
                station.state.store(WORKING, Relaxed);
                *thread = Some(thread::spawn(move || work(station, seed)));
            }
        }
    }

    /// Clears the stations of those that have ended.
    fn dismiss(&mut self) {
        for (station, thread) in self.stations.iter().zip(&mut self.threads) {
            if station.state.load(Acquire) == ENDED {
                station.state.store(VACANT, Relaxed);
                self.leaving.extend(thread.take());
            }
        }
    }

    /// Waits for those that are leaving, until they are gone with all of their locals.
    fn join(&mut self) {
        self.leaving.drain(..).for_each(|thread| thread.join().expect("workers catch panics"));
    }

    /// Waits until nobody is in this state.
    fn wait_while(&self, state: u8) {
        while self.stations.iter().any(|station| station.state.load(Acquire) == state) {
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits until nobody is at work, or holds anything.
    fn quiet(&mut self) {
        self.wait_while(WORKING);
        self.dismiss();
        self.join();
        for mail in &MAIL {
            let mut loans = std::mem::take(&mut *lock(mail));
            give_back(&mut loans);
        }
    }

    /// Compares the books while all others pause.
    pub fn compare(&mut self) {
        PAUSE.store(true, Relaxed);
        self.quiet();
        targets().iter().for_each(|target| target.compare());
        PAUSE.store(false, Relaxed);
        self.wait_while(PAUSED);
    }

    /// Compares the books, the threads having ended, and then closes them: no object may be left.
    pub fn end(&mut self) {
        STOP.store(true, Relaxed);
        self.quiet();
        targets().iter().for_each(|target| target.compare());
        stop_nesting();
        targets().iter().for_each(|target| caught(|| target.close()));
        targets().iter().for_each(|target| target.ledger().close());
    }
}
