//! Objects in use: every get passes through here.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use crate::item::Item;
use crate::ledger::Ledger;
use crate::local::{Op, count, me, turn_to};

/// A guard whose object is marked as held. Dropping it gives the object back.
pub struct Held<G: DerefMut<Target: Item>> {
    guard: Option<G>,
    holder: u64,
}

impl<G: DerefMut<Target: Item>> Held<G> {
    /// Checks the object that the pool has handed out.
    pub fn new(guard: G) -> Self {
        let holder = me();
        guard.hold(holder);
        guard.check();
        Self { guard: Some(guard), holder }
    }

    pub fn fill(&mut self, words: usize) {
        self.guard.as_mut().expect("held").fill(words);
    }

    /// Returns the guard, for uses other than a drop.
    pub fn free(mut self) -> G {
        let guard = self.guard.take().expect("held");
        guard.free(self.holder);
        guard
    }
}

impl<G: DerefMut<Target: Item>> Drop for Held<G> {
    fn drop(&mut self) {
        if let Some(guard) = &self.guard {
            guard.free(self.holder);
            count(Op::Back);
        }
    }
}

/// An object without a guard.
pub struct Own<T>(pub T);

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Own<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A guard of any pool, which can be sent to other threads.
pub trait Loan: Send {
    fn check(&self);
}

impl<G: DerefMut<Target: Item> + Send> Loan for Held<G> {
    fn check(&self) {
        self.guard.as_ref().expect("held").check();
    }
}

/// Counts gets for a pool's ledger, and adds the count to it when dropped.
pub struct Gets {
    ledger: &'static Ledger,
    gets: Cell<u64>,
}

impl Gets {
    pub fn of(ledger: &'static Ledger) -> Self {
        turn_to(ledger.index);
        Self { ledger, gets: Cell::new(0) }
    }

    pub fn count(&self, op: Op) {
        count(op);
        self.gets.set(self.gets.get() + 1);
    }
}

impl Drop for Gets {
    fn drop(&mut self) {
        self.ledger.gets.add(self.gets.get());
    }
}
