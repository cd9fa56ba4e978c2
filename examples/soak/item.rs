//! What the pools hold: objects that notice when they are handed out twice, dropped twice or while
//! somebody holds them, or are not as their last holder left them.
//!
//! Holders come and go by relaxed operations, and all else is plain loads and stores, so that it is
//! the pool alone that orders one holder's work before the next one's. To the machine a
//! compare-exchange is a fence; so half of the time holders come by a load and a store instead.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::panicking;

use crate::faults::{self, Fault};
use crate::hooks;
use crate::ledger::{LEDGERS, Ledger, violation};
use crate::local::{is_plain, me, random};
use crate::payload::Payload;

/// Nobody holds the object. What has no name here is a holder.
const FREE: u64 = 0xF4EE_F4EE_F4EE_F4EE;
/// It was taken out of its pool for good.
const DETACHED: u64 = 0xDE7A_C4ED_DE7A_C4ED;
/// Its holder has panicked: it must not be used again.
const SPOILT: u64 = 0x5901_1750_5901_1750;
/// Its destructor has run.
const DEAD: u64 = 0xDEAD_DEAD_DEAD_DEAD;

/// Who holds an object.
pub struct Holder(AtomicU64);

impl Holder {
    const fn new() -> Self {
        Self(AtomicU64::new(FREE))
    }

    fn hold(&self, holder: u64, ledger: &Ledger) {
        self.change(FREE, holder, ledger, "got");
    }

    fn free(&self, holder: u64, ledger: &Ledger) {
        let state = if panicking() { SPOILT } else { FREE };
        self.change(holder, state, ledger, "gives back");
    }

    fn leave(&self, ledger: &Ledger) {
        ledger.detached.add(1);
        self.change(FREE, DETACHED, ledger, "takes away");
    }

    /// The destructor runs.
    fn end(&self, ledger: &'static Ledger) {
        match self.0.swap(DEAD, Relaxed) {
            FREE | SPOILT => bury(ledger),
            DETACHED => {}
            found => wrong(found, ledger, "drops"),
        }
    }

    fn look_free(&self, ledger: &Ledger) {
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
        FREE => "that nobody held".into(),
        DETACHED => "that was detached".into(),
        SPOILT => "that a panic has spoilt".into(),
        DEAD => "that was dropped".into(),
        holder => format!("that thread {holder:#x} held"),
    };
    violation(format_args!("thread {:#x} {what} an object of pool {} {state}", me(), ledger.index))
}

/// An object of a pool.
pub trait Item: Send + Sized + 'static {
    fn make(ledger: &'static Ledger) -> Self;

    /// Free no more: `holder` has it.
    fn hold(&self, holder: u64);

    /// Free again, or spoilt if the thread is panicking.
    fn free(&self, holder: u64);

    /// Nobody must hold it.
    fn look_free(&self);

    /// It must be as its last holder left it.
    fn check(&self);

    /// Leaves up to so many words for the next holder.
    fn fill(&mut self, words: usize);

    /// The end of an object that was taken out of its pool.
    fn leave(self);
}

/// The hook of every pool.
pub fn create<T: Item>(ledger: &'static Ledger) -> T {
    ledger.calls.add(1);
    hooks::nest();
    if ledger.is_flaky() {
        faults::maybe(Fault::Create, 64);
    }
    ledger.created.add(1);
    T::make(ledger)
}

/// A destructor that the pool has run.
fn bury(ledger: &'static Ledger) {
    ledger.dropped.add(1);
    hooks::nest();
    if ledger.is_brittle() {
        faults::maybe(Fault::Destructor, 64);
    }
}

/// An object with all that can be checked.
#[repr(C)]
pub struct Object<P: Payload> {
    holder: Holder,
    ledger: &'static Ledger,
    seed: u64,
    words: u64,
    sum: u64,
    payload: P,
}

/// One cache line.
pub type Line = Object<[u64; 3]>;
/// A page or two, of which a magazine holds few.
pub type Page = Object<[u64; 1000]>;
/// Too large for magazines.
pub type Large = Object<[u64; 4200]>;
pub type Boxed = Object<Box<[u64; 4200]>>;
pub type Buffer = Object<Vec<u8>>;

const _: () = assert!(size_of::<Line>() == 64 && size_of::<Large>() > 32 * 1024);

fn sum(seed: u64, words: u64) -> u64 {
    (seed ^ words.rotate_left(32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

impl<P: Payload> Item for Object<P> {
    fn make(ledger: &'static Ledger) -> Self {
        let (seed, words) = (ledger.index as u64, 0);
        let sum = sum(seed, words);
        Self { holder: Holder::new(), ledger, seed, words, sum, payload: P::empty() }
    }

    fn hold(&self, holder: u64) {
        self.holder.hold(holder, self.ledger);
    }

    fn free(&self, holder: u64) {
        self.holder.free(holder, self.ledger);
    }

    fn look_free(&self) {
        self.holder.look_free(self.ledger);
    }

    fn check(&self) {
        let Self { ledger, seed, words, .. } = *self;
        if self.sum != sum(seed, words) || !self.payload.holds(seed, words as usize) {
            let sum = self.sum;
            violation(format_args!(
                "an object of pool {} is not as it was left: {seed:#x}, {words} words, {sum:#x}",
                ledger.index
            ));
        }
    }

    fn fill(&mut self, words: usize) {
        self.seed = random() >> 1;
        self.words = self.payload.write(self.seed, words) as u64;
        self.sum = sum(self.seed, self.words);
    }

    fn leave(self) {
        self.holder.leave(self.ledger);
    }
}

impl<P: Payload> Drop for Object<P> {
    fn drop(&mut self) {
        self.holder.end(self.ledger);
    }
}

/// An object of one word, of pool `P`.
pub struct Tiny<const P: usize>(Holder);

impl<const P: usize> Item for Tiny<P> {
    fn make(_: &'static Ledger) -> Self {
        Self(Holder::new())
    }

    fn hold(&self, holder: u64) {
        self.0.hold(holder, &LEDGERS[P]);
    }

    fn free(&self, holder: u64) {
        self.0.free(holder, &LEDGERS[P]);
    }

    fn look_free(&self) {
        self.0.look_free(&LEDGERS[P]);
    }

    fn check(&self) {}

    fn fill(&mut self, _: usize) {}

    fn leave(self) {
        self.0.leave(&LEDGERS[P]);
    }
}

impl<const P: usize> Drop for Tiny<P> {
    fn drop(&mut self) {
        self.0.end(&LEDGERS[P]);
    }
}

/// An object of no size, of pool `P`. It can only be counted.
pub struct Zero<const P: usize>;

impl<const P: usize> Item for Zero<P> {
    fn make(_: &'static Ledger) -> Self {
        Self
    }

    fn hold(&self, _: u64) {}

    fn free(&self, _: u64) {}

    fn look_free(&self) {}

    fn check(&self) {}

    fn fill(&mut self, _: usize) {}

    fn leave(self) {
        LEDGERS[P].detached.add(1);
        mem::forget(self);
    }
}

impl<const P: usize> Drop for Zero<P> {
    fn drop(&mut self) {
        bury(&LEDGERS[P]);
    }
}
