//! What chaos mode knows of a pool.

use std::{
    any::type_name,
    mem::ManuallyDrop,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{
    ledger::Ledger,
    seed::{On, is_on},
    storage::Rehouse,
};
use crate::containers::cell::CellBox;

/// What the user of a pool has set.
#[derive(Debug)]
pub(crate) struct ChaosOptions<T> {
    /// Spoils an object that has come back.
    pub(crate) poison: Option<fn(&mut T)>,
    /// Returns a number that tells whether an object has changed.
    pub(crate) fingerprint: Option<fn(&T) -> u64>,
    /// Replaces the memory that an object owns.
    pub(crate) rehouse: Option<Rehouse<T>>,
    /// What messages call the objects, instead of naming their type.
    pub(crate) objects: &'static str,
}

impl<T> Clone for ChaosOptions<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ChaosOptions<T> {}

impl<T> ChaosOptions<T> {
    pub(crate) const fn new() -> Self {
        Self { poison: None, fingerprint: None, rehouse: None, objects: "" }
    }

    /// Returns what the core of a pool with this name knows. If nobody has set how memory is replaced, it is
    /// as `known` says.
    pub(crate) fn hooks(&self, name: &'static str, known: Option<Rehouse<T>>) -> Hooks<T> {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let id = LAST.fetch_add(1, Relaxed).wrapping_add(1);
        Hooks { id, name, options: Self { rehouse: self.rehouse.or(known), ..*self } }
    }
}

/// What a pool's core knows for chaos mode. Dropped with the core.
pub(crate) struct Hooks<T> {
    /// The pool's number in the ledger, or 0.
    id: usize,
    name: &'static str,
    pub(crate) options: ChaosOptions<T>,
}

impl<T> Hooks<T> {
    /// Those of a core that no pool has.
    pub(crate) const fn none() -> Self {
        Self { id: 0, name: "", options: ChaosOptions::new() }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let objects = match self.options.objects {
            "" => type_name::<T>(),
            objects => objects,
        };
        Ledger { id: self.id, name: self.name, objects }
    }

    /// Notes that the calling thread has got an object in a guard.
    pub(crate) fn note_lent(&self, full: CellBox<T>) -> CellBox<T> {
        if is_on() {
            self.ledger().lend(full.as_raw().addr());
        }
        full
    }

    /// Notes that the object of a guard is now behind a pointer.
    pub(crate) fn note_raw(&self, full: CellBox<T>) -> CellBox<T> {
        if is_on() {
            self.ledger().part(full.as_raw().addr());
        }
        full
    }

    /// Notes that an object is about to be idle.
    pub(crate) fn note_idle(&self, full: CellBox<T>, fingerprint: Option<u64>) -> CellBox<T> {
        if is_on() {
            self.ledger().put(full.as_raw().addr(), fingerprint);
        }
        full
    }

    /// Notes that an object, which was behind a pointer, is in a guard again.
    ///
    /// # Panics
    ///
    /// If it is in another guard, has come back already, or came from another pool.
    pub(crate) fn rejoin(&self, _: On, full: CellBox<T>) -> CellBox<T> {
        // Not ours, if this panics.
        let full = ManuallyDrop::new(full);
        self.ledger().rejoin(full.as_raw().addr());
        ManuallyDrop::into_inner(full)
    }

    /// Notes that the object of a guard comes back. `None` if it has come back before, and the thread is
    /// panicking.
    ///
    /// # Panics
    ///
    /// If it has come back before.
    pub(crate) fn returned(&self, full: CellBox<T>) -> Option<CellBox<T>> {
        // Not ours, if this panics.
        let full = ManuallyDrop::new(full);
        let ours = !is_on() || self.ledger().end_loan(full.as_raw().addr());
        ours.then(|| ManuallyDrop::into_inner(full))
    }
}

impl<T> Drop for Hooks<T> {
    fn drop(&mut self) {
        // bug: memory of a pool that has ended kept
        self.ledger().end();
    }
}
