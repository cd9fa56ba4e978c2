//! What chaos mode knows of a pool.

use std::{
    any::type_name,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{ledger::Ledger, storage::Rehouse};

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

    pub(crate) fn new(name: &'static str, options: ChaosOptions<T>) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self { id: LAST.fetch_add(1, Relaxed).wrapping_add(1), name, options }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let objects = match self.options.objects {
            "" => type_name::<T>(),
            objects => objects,
        };
        Ledger { id: self.id, name: self.name, objects }
    }
}

impl<T> Drop for Hooks<T> {
    fn drop(&mut self) {
        // bug: memory of a pool that has ended kept
        self.ledger().end();
    }
}
