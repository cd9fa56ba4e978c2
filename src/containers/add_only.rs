//! A map to which threads only add, for few entries: a list.

use std::{iter, marker::PhantomData, ptr};

use crate::{
    sync::{Acquire, ProcessPtr, Relaxed, Release},
    util::panics::FirstPanic,
};

/// A map from `K` to `V`, whose entries are never removed.
pub(crate) struct AddOnly<K, V> {
    first: ProcessPtr<Entry<K, V>>,
    owns: PhantomData<Entry<K, V>>,
}

/// An entry, on cache lines of its own, because values may be written to.
#[repr(align(128))]
struct Entry<K, V> {
    key: K,
    value: V,
    next: *mut Entry<K, V>,
}

// SAFETY: the map owns its entries.
unsafe impl<K: Send, V: Send> Send for AddOnly<K, V> {}
// SAFETY: it gives out shared references to values that other threads have made.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for AddOnly<K, V> {}

impl<K, V> AddOnly<K, V> {
    pub(crate) const fn new() -> Self {
        Self { first: ProcessPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// Returns all values, the newest first.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        // SAFETY: null, or an entry, which is neither freed nor changed before our `drop`.
        let first = unsafe { self.load().as_ref() };
        // SAFETY: as above.
        let entries = iter::successors(first, |entry| unsafe { entry.next.as_ref() });
        entries.map(|entry| &entry.value)
    }

    fn load(&self) -> *mut Entry<K, V> {
        // Acquire: pairs with the Release in `find_or_add`.
        self.first.load(Acquire)
    }
}

impl<K: PartialEq, V> AddOnly<K, V> {
    /// Returns the value of `key`, which is `make()` if there is none. If two threads make one, all
    /// threads get the same, and the other is dropped.
    pub(crate) fn find_or_add(&self, key: K, make: impl FnOnce() -> V) -> &V {
        let mut first = self.load();
        if let Some(value) = self.find(first, &key) {
            return value;
        }
        let mut new = Box::new(Entry { key, value: make(), next: ptr::null_mut() });
        loop {
            new.next = first;
            let raw = Box::into_raw(new);
            // Release: pairs with the Acquire in `load`, for the entry.
            // bug: entry published without release
            match self.first.compare_exchange(first, raw, Release, Relaxed) {
                // SAFETY: it is neither freed nor changed before our `drop`.
                Ok(_) => return unsafe { &(*raw).value },
                // SAFETY: made by `into_raw`, and not shared.
                Err(_) => new = unsafe { Box::from_raw(raw) },
            }
            first = self.load();
            // bug: two values of one key
            if let Some(value) = self.find(first, &new.key) {
                return value;
            }
        }
    }

    fn find(&self, mut next: *mut Entry<K, V>, key: &K) -> Option<&V> {
        // SAFETY: null, or an entry, which is neither freed nor changed before our `drop`.
        while let Some(entry) = unsafe { next.as_ref() } {
            if entry.key == *key {
                return Some(&entry.value);
            }
            next = entry.next;
        }
        None
    }
}

impl<K, V> Drop for AddOnly<K, V> {
    /// Drops all entries. If destructors panic, the first panic is resumed afterwards.
    fn drop(&mut self) {
        let mut panics = FirstPanic::new();
        let mut next = self.first.load(Relaxed);
        while !next.is_null() {
            // SAFETY: made by `into_raw`, and freed once.
            let entry = unsafe { Box::from_raw(next) };
            next = entry.next;
            // bug: values leaked by a panic
            panics.guard(|| drop(entry));
        }
        panics.resume();
    }
}
