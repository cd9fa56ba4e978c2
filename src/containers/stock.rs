//! The stock: a pool's batches of spare cells, for threads that put values which others take.
//!
//! Each place holds one batch, or null, and a thread adds or takes a batch as a whole. So an old
//! value of a place that recurs (ABA) does no harm.

use std::{mem::MaybeUninit, ptr};

use super::cell::{List, ObjectCell};
use crate::sync::{Acquire, AtomicPtr, Relaxed, Release, test_size};

/// The most batches that a pool keeps.
const BATCHES: usize = test_size(4, 1);

pub(crate) struct Stock<T>([AtomicPtr<ObjectCell<MaybeUninit<T>>>; BATCHES]);

// SAFETY: a stock owns its cells, which hold no objects, and hands each batch to one thread.
unsafe impl<T: Send> Send for Stock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Stock<T> {}

impl<T> Stock<T> {
    pub(crate) fn new() -> Self {
        Self([ptr::null_mut(); BATCHES].map(AtomicPtr::new))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|place| place.load(Relaxed).is_null())
    }

    /// Adds a batch. Returns it if there is no place for it.
    pub(crate) fn add(&self, batch: List<MaybeUninit<T>>) -> Option<List<MaybeUninit<T>>> {
        let raw = batch.into_raw();
        let added = !raw.is_null()
            && self.0.iter().any(|place| {
                // Release: pairs with the Acquire in `take`, for the cells.
                // bug: stock filled without release; batch of the stock overwritten
                place.compare_exchange(ptr::null_mut(), raw, Release, Relaxed).is_ok()
            });
        // SAFETY: the pointer came from `into_raw`, and was not added.
        (!added).then(|| unsafe { List::from_raw(raw) })
    }

    /// Takes a batch, if there is one.
    pub(crate) fn take(&self) -> Option<List<MaybeUninit<T>>> {
        self.0.iter().filter(|place| !place.load(Relaxed).is_null()).find_map(|place| {
            // Acquire: pairs with the Release in `add`, for the cells.
            // bug: stock emptied without acquire
            let raw = place.swap(ptr::null_mut(), Acquire);
            // SAFETY: the pointer came from `List::into_raw`, and the swap made the list ours.
            (!raw.is_null()).then(|| unsafe { List::from_raw(raw) })
        })
    }
}

impl<T> Drop for Stock<T> {
    fn drop(&mut self) {
        while self.take().is_some() {}
    }
}
