//! Records which thread holds an object.
//!
//! Holders are recorded with relaxed operations, and objects are used with plain accesses, so only
//! the pool orders one holder's work before the next one's. A compare-exchange is a full fence on
//! x86-64, so half of the time a load and a store are used instead.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::panicking;

use crate::item::bury;
use crate::ledger::{Ledger, violation};
use crate::local::{is_plain, me};

/// No thread holds the object. Values other than these constants are thread numbers.
const FREE: u64 = 0xF4EE_F4EE_F4EE_F4EE;
/// It was taken out of its pool and will not be returned.
const DETACHED: u64 = 0xDE7A_C4ED_DE7A_C4ED;
/// Its holder has panicked: it must not be used again.
const SPOILT: u64 = 0x5901_1750_5901_1750;
/// Its destructor has run.
const DEAD: u64 = 0xDEAD_DEAD_DEAD_DEAD;

/// The number of the thread that holds an object, or one of the constants above.
pub struct Holder(AtomicU64);

impl Holder {
    pub const fn new() -> Self {
        Self(AtomicU64::new(FREE))
    }

    pub fn hold(&self, holder: u64, ledger: &Ledger) {
        self.change(FREE, holder, ledger, "got");
    }

    pub fn free(&self, holder: u64, ledger: &Ledger) {
        let state = if panicking() { SPOILT } else { FREE };
        self.change(holder, state, ledger, "gives back");
    }

    pub fn leave(&self, ledger: &Ledger) {
        ledger.detached.add(1);
        self.change(FREE, DETACHED, ledger, "takes away");
    }

    /// Records that the destructor runs.
    pub fn end(&self, ledger: &'static Ledger) {
        match self.0.swap(DEAD, Relaxed) {
            FREE | SPOILT => bury(ledger),
            DETACHED => {}
            found => wrong(found, ledger, "drops"),
        }
    }

    pub fn look_free(&self, ledger: &Ledger) {
        self.change(FREE, FREE, ledger, "recycles");
    }

    fn change(&self, from: u64, to: u64, ledger: &Ledger, what: &str) {
        let result = if is_plain() {
            let found = self.0.load(Relaxed);
            self.0.store(to, Relaxed);
            if found == from { Ok(found) } else { Err(found) }
        } else {
            self.0.compare_exchange(from, to, Relaxed, Relaxed)
        };
        if let Err(found) = result {
            wrong(found, ledger, what);
        }
    }
}

#[cold]
fn wrong(found: u64, ledger: &Ledger, what: &str) -> ! {
    let state = match found {
        FREE => "that no thread held".into(),
        DETACHED => "that was detached".into(),
        SPOILT => "that a panic has spoilt".into(),
        DEAD => "that was dropped".into(),
        holder => format!("that thread {holder:#x} held"),
    };
    violation(format_args!("thread {:#x} {what} an object of pool {} {state}", me(), ledger.index))
}
