//! The hit path: objects and values go to the slot or the top of the magazine, and come from there.

use std::mem;

use super::{PrivateOwner, SPARE, is_object, spare, spare_cell, vacant};
use crate::{
    containers::cell::{self, CellBox, EmptyCell, ObjectCell},
    shard::size::{PLACES, Size},
    sync::Relaxed,
    util::likely::likely,
};

impl<T> PrivateOwner<'_, T> {
    /// Pops an object from the slot, or from the top of a magazine without spare cells.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<CellBox<T>> {
        let private = self.private;
        let slot = private.slot.load(Relaxed);
        let cell = if likely(is_object(slot)) {
            // bug: slot not emptied
            private.slot.store(vacant(), Relaxed);
            slot
        } else {
            // `top` wraps if the magazine is empty, and is at least `PLACES` if it has spare cells.
            let top = private.counts.load(Relaxed).wrapping_sub(1);
            if top >= PLACES {
                return None;
            }
            // bug: magazine loses its top
            private.counts.store(top, Relaxed);
            self.place(top)
        };
        self.count_hit();
        // SAFETY: the slot or the place owned the cell, and has given it up.
        Some(unsafe { CellBox::from_raw(cell) })
    }

    /// Keeps an object in the slot or on top of the magazine, if that place has a unit and no spare
    /// cell. Returns the object otherwise.
    pub(crate) fn push_on_top(&self, full: CellBox<T>) -> Result<(), CellBox<T>> {
        if !self.push_cell(full.as_raw()) {
            return Err(full);
        }
        mem::forget(full);
        Ok(())
    }

    /// Keeps an object as [`push_on_top`](Self::push_on_top) does. Returns whether it did; if so,
    /// the caller must forget the object.
    #[inline(always)]
    pub(crate) fn push_cell(&self, cell: *mut ObjectCell<T>) -> bool {
        let private = self.private;
        if likely(private.slot.load(Relaxed) == vacant()) {
            private.slot.store(cell, Relaxed);
            return true;
        }
        let counts = private.counts.load(Relaxed);
        if counts >= private.lease.load(Relaxed) {
            return false;
        }
        self.set_place(counts, cell);
        private.counts.store(counts + 1, Relaxed);
        true
    }

    /// Takes the value of an object from the slot or the top of the magazine. Its cell stays there
    /// as a spare cell.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        if Size::<T>::EMPTIES == 0 {
            // The cell is too large to be kept as a spare cell.
            return None;
        }
        let private = self.private;
        let slot = private.slot.load(Relaxed);
        let cell = if likely(is_object(slot)) {
            // bug: taken object stays in the slot
            private.slot.store(spare(slot), Relaxed);
            slot
        } else {
            let counts = private.counts.load(Relaxed);
            let top = (counts % SPARE).checked_sub(1)?;
            private.counts.store(counts - 1 + SPARE, Relaxed);
            self.place(top)
        };
        self.count_hit();
        // SAFETY: the cell holds an object, and counts as a spare cell from here on.
        Some(unsafe { CellBox::from_raw(cell) }.take_value()).map(|(value, empty)| {
            empty.into_raw();
            value
        })
    }

    /// Keeps a value in a spare cell, if there is one in a place with a unit. Returns the value
    /// otherwise.
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        // SAFETY: `value` is valid, and is forgotten below if it is kept.
        if !unsafe { self.put_from(&raw const value) } {
            return Err(value);
        }
        mem::forget(value);
        Ok(())
    }

    /// Keeps a value as [`put`](Self::put) does. Returns whether it did; if so, the caller must
    /// forget the value.
    ///
    /// # Safety
    ///
    /// As for [`ptr::read`](std::ptr::read).
    #[inline(always)]
    pub(crate) unsafe fn put_from(&self, value: *const T) -> bool {
        let private = self.private;
        let slot = private.slot.load(Relaxed);
        if let Some(cell) = spare_cell(slot) {
            // SAFETY: the caller's promise; the slot owns the cell.
            unsafe { fill(cell, value) };
            private.slot.store(cell, Relaxed);
            return true;
        }
        let counts = private.counts.load(Relaxed);
        let count = counts % SPARE;
        if counts < SPARE || count >= private.lease.load(Relaxed) {
            return false;
        }
        // SAFETY: as above; the magazine's place owns the cell.
        unsafe { fill(self.place(count), value) };
        // bug: cell that is used again stays a spare one
        private.counts.store(counts + 1 - SPARE, Relaxed);
        true
    }

    #[inline(always)]
    pub(crate) fn count_hit(&self) {
        let hits = &self.private.hits;
        hits.store(hits.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

/// Copies a value into a spare cell.
///
/// # Safety
///
/// The caller owns the cell, which holds no value. For `value`, as for [`ptr::read`](std::ptr::read).
#[inline(always)]
pub(super) unsafe fn fill<T>(cell: *mut ObjectCell<T>, value: *const T) {
    // SAFETY: the caller's promise.
    unsafe { EmptyCell::from_raw(cell.cast()).fill(cell::read(value)) }.into_raw();
}
