//! The pooled objects. They detect when they are handed out twice, dropped twice, dropped while a
//! thread holds them, or changed since their last holder gave them back.

use std::mem;

use crate::faults::{self, Fault};
use crate::holder::Holder;
use crate::hooks;
use crate::ledger::{LEDGERS, Ledger, violation};
use crate::local::random;
use crate::payload::Payload;

/// An object of a pool.
pub trait Item: Send + Sized + 'static {
    fn make(ledger: &'static Ledger) -> Self;

    /// Records `holder` as its holder. It must have been free.
    fn hold(&self, holder: u64);

    /// Marks it as free, or as spoilt if the thread is panicking.
    fn free(&self, holder: u64);

    /// Checks that no thread holds it.
    fn look_free(&self);

    /// Checks that it is as its last holder left it.
    fn check(&self);

    /// Writes up to `words` words for the next holder.
    fn fill(&mut self, words: usize);

    /// Drops an object that was taken out of its pool.
    fn leave(self);
}

/// The `create` of every pool.
pub fn create<T: Item>(ledger: &'static Ledger) -> T {
    hooks::nest();
    if ledger.is_flaky() {
        faults::maybe(Fault::Create, 64);
    }
    ledger.created.add(1);
    T::make(ledger)
}

/// Called by the destructor of an object that its pool drops.
pub fn bury(ledger: &'static Ledger) {
    ledger.dropped.add(1);
    hooks::nest();
    if ledger.is_brittle() {
        faults::maybe(Fault::Destructor, 64);
    }
}

/// An object with every check.
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
/// About two pages: a magazine holds few of them.
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

/// An object of one word, in pool `P`.
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

/// A zero-sized object, in pool `P`. It can only be counted.
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
