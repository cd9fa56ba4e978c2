//! The stock: a pool's batches of spare cells, for threads that put values which others take.
//!
//! Each place holds one batch, or null, and a thread adds or takes a batch as a whole. So an old
//! value of a place that recurs (ABA) does no harm.
//!
//! A batch lists its cells by address, so that it moves without a look at the cells: they are in the
//! cache of the thread that has emptied them. Bonwick and Adams hand on magazines through a depot in
//! this way ("Magazines and Vmem", 2001).

use std::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use super::cell::{EmptyCell, List, ObjectCell};
use crate::{
    sync::{Acquire, AtomicPtr, Relaxed, Release, test_size},
    util::try_alloc::try_box,
};

/// The most batches that a pool keeps.
const BATCHES: usize = test_size(4, 1);

/// The most cells of a batch.
pub(crate) const BATCH: usize = test_size(64, 2);

/// Spare cells, on their way to another thread.
pub(crate) struct Batch<T> {
    len: usize,
    /// The first `len` own a cell each.
    cells: [*mut ObjectCell<MaybeUninit<T>>; BATCH],
}

impl<T> Batch<T> {
    /// Moves the cells of `list`, at most [`BATCH`], into a batch. Frees them if there is no memory for
    /// the batch.
    pub(crate) fn try_new(mut list: List<MaybeUninit<T>>) -> Option<Box<Self>> {
        let mut batch = try_box(Self { len: 0, cells: [ptr::null_mut(); BATCH] })?;
        while batch.len < BATCH {
            let Some(empty) = list.pop() else { break };
            batch.cells[batch.len] = empty.into_raw();
            batch.len += 1;
        }
        Some(batch)
    }

    #[cfg(test)]
    #[allow(dead_code, reason = "not all models use it")]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes a cell out.
    pub(crate) fn pop(&mut self) -> Option<EmptyCell<T>> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: it owned the cell, and has given it up.
        Some(unsafe { EmptyCell::from_raw(self.cells[self.len]) })
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        // bug: cells of a dropped batch leaked
        while self.pop().is_some() {}
    }
}

pub(crate) struct Stock<T> {
    places: Places,
    owns: PhantomData<Box<Batch<T>>>,
}

// SAFETY: a stock owns its cells, which hold no objects, and hands each batch to one thread.
unsafe impl<T: Send> Send for Stock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Stock<T> {}

impl<T> Stock<T> {
    pub(crate) fn new() -> Self {
        Self { places: Places::new(), owns: PhantomData }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.are_empty()
    }

    /// Adds a batch. Returns it if there is no place for it.
    pub(crate) fn add(&self, batch: Box<Batch<T>>) -> Option<Box<Batch<T>>> {
        let raw = Box::into_raw(batch);
        if self.places.add(raw.cast()) {
            return None;
        }
        // SAFETY: the pointer came from `into_raw`, and was not added.
        Some(unsafe { Box::from_raw(raw) })
    }

    /// Takes a batch, if there is one.
    pub(crate) fn take(&self) -> Option<Box<Batch<T>>> {
        let raw = self.places.take()?;
        // SAFETY: the pointer came from `into_raw`, and was taken once.
        Some(unsafe { Box::from_raw(raw.cast().as_ptr()) })
    }
}

impl<T> Drop for Stock<T> {
    fn drop(&mut self) {
        while self.take().is_some() {}
    }
}

/// The places of a stock, whatever the type of its objects. Each holds a batch, or null.
struct Places([AtomicPtr<()>; BATCHES]);

impl Places {
    fn new() -> Self {
        Self([ptr::null_mut(); BATCHES].map(AtomicPtr::new))
    }

    fn are_empty(&self) -> bool {
        self.0.iter().all(|place| place.load(Relaxed).is_null())
    }

    /// Stores a batch in an empty place. Returns whether there was one.
    fn add(&self, batch: *mut ()) -> bool {
        self.0.iter().any(|place| {
            // Release: pairs with the Acquire in `take`, for the batch and its cells.
            // bug: stock filled without release; batch of the stock overwritten
            place.compare_exchange(ptr::null_mut(), batch, Release, Relaxed).is_ok()
        })
    }

    /// Takes a batch out of its place, if there is one.
    fn take(&self) -> Option<NonNull<()>> {
        self.0.iter().filter(|place| !place.load(Relaxed).is_null()).find_map(|place| {
            // Acquire: pairs with the Release in `add`, for the batch and its cells.
            // bug: stock emptied without acquire
            NonNull::new(place.swap(ptr::null_mut(), Acquire))
        })
    }
}
