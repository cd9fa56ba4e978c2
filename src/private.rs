//! The private part of a shard: a slot for one object, a magazine behind it, and spare cells.
//!
//! All of it is its owner's alone: plain loads and stores, atomics only so that `stats` may look. A
//! hit is a look at the slot, and at the top of the magazine if the slot does not do.
//!
//! A *spare* cell is one whose value has been taken. It stays where it was, in the slot or on top of
//! the magazine's objects, and there the next `put` finds it.

mod batch;
mod spare;
mod units;

use std::{mem::MaybeUninit, ptr};

use crate::{
    cell::{self, Cell, Empty, Full, List},
    hint::likely,
    owner::Owner,
    shard::Size,
    sync::{AtomicPtr, AtomicUsize, Relaxed, UnsafeCell, scaled},
};

/// Places in a magazine of small objects. Half of them are open at first, see [`Owner::widen`].
pub(crate) const PLACES: usize = scaled(128, 4);

/// What a spare cell counts in the load of a magazine, in which an object counts one. A load with
/// spare cells in it is above every lease, so that guards, which bring cells, need not ask.
const SPARE: usize = 1 << 15;

const _: () = assert!(PLACES < SPARE);

/// What the owner has for itself.
#[repr(C)]
pub(crate) struct Private<T> {
    /// An object, or an odd number: [`vacant`], [`closed`], or a spare cell plus one.
    pub(crate) slot: AtomicPtr<Cell<T>>,
    /// Hits of the owner.
    pub(crate) hits: AtomicUsize,
    /// Objects in the magazine, and [`SPARE`] times the spare cells above them.
    load: AtomicUsize,
    /// Places of the magazine that the owner has units for. Never less than its objects.
    lease: AtomicUsize,
    /// Further spare cells.
    empties: UnsafeCell<List<MaybeUninit<T>>>,
    /// The oldest object first.
    magazine: UnsafeCell<[*mut Cell<T>; PLACES]>,
}

/// What a slot holds that has no object and may have one: the owner has a unit for it.
fn vacant<T>() -> *mut Cell<T> {
    ptr::without_provenance_mut(1)
}

/// What a slot holds that may not have an object.
fn closed<T>() -> *mut Cell<T> {
    ptr::without_provenance_mut(3)
}

/// What a slot holds that may have an object, and has a cell for it.
fn spare<T>(cell: *mut Cell<T>) -> *mut Cell<T> {
    cell.map_addr(|addr| addr | 1)
}

fn is_object<T>(slot: *mut Cell<T>) -> bool {
    slot.addr() & 1 == 0
}

/// The spare cell in a slot.
fn spare_cell<T>(slot: *mut Cell<T>) -> Option<*mut Cell<T>> {
    (!is_object(slot) && slot.addr() > 3).then(|| slot.map_addr(|addr| addr & !1))
}

impl<T> Private<T> {
    pub(crate) fn new() -> Self {
        Self {
            slot: AtomicPtr::new(closed()),
            hits: AtomicUsize::new(0),
            load: AtomicUsize::new(0),
            lease: AtomicUsize::new(0),
            empties: UnsafeCell::new(List::new()),
            magazine: UnsafeCell::new([ptr::null_mut(); PLACES]),
        }
    }

    /// Objects in the magazine.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.load.load(Relaxed) % SPARE
    }

    pub(crate) fn lease(&self) -> usize {
        self.lease.load(Relaxed)
    }

    /// All objects.
    pub(crate) fn len(&self) -> usize {
        usize::from(is_object(self.slot.load(Relaxed))) + self.count()
    }

    /// Whether there is no object.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !is_object(self.slot.load(Relaxed)) && self.count() == 0
    }

    /// All units.
    pub(crate) fn units(&self) -> usize {
        usize::from(self.slot.load(Relaxed) != closed()) + self.lease()
    }
}

/// The ways of a hit.
impl<T> Owner<'_, T> {
    #[inline(always)]
    pub(crate) fn pop_private(&self) -> Option<Full<T>> {
        let private = self.private();
        let slot = private.slot.load(Relaxed);
        let cell = if likely(is_object(slot)) {
            // bug: slot not emptied
            private.slot.store(vacant(), Relaxed);
            slot
        } else {
            // Wraps if there is nothing; is beyond all places if spare cells are on top.
            let top = private.load.load(Relaxed).wrapping_sub(1);
            if top >= PLACES {
                return None;
            }
            // bug: magazine loses its top
            private.load.store(top, Relaxed);
            self.place(top)
        };
        self.count_hit();
        // SAFETY: the slot or the place owned it, and does no more.
        Some(unsafe { Full::from_raw(cell) })
    }

    /// Keeps an object, if there is a place with a unit and without a spare cell.
    pub(crate) fn push_private(&self, full: Full<T>) -> Result<(), Full<T>> {
        let cell = full.as_raw();
        if !self.push_cell(cell) {
            return Err(full);
        }
        std::mem::forget(full);
        Ok(())
    }

    /// Whether the object is kept, as by `push_private`. Else it is still the caller's.
    #[inline(always)]
    pub(crate) fn push_cell(&self, cell: *mut Cell<T>) -> bool {
        let private = self.private();
        if likely(private.slot.load(Relaxed) == vacant()) {
            private.slot.store(cell, Relaxed);
            return true;
        }
        let load = private.load.load(Relaxed);
        if load >= private.lease.load(Relaxed) {
            return false;
        }
        self.set_place(load, cell);
        private.load.store(load + 1, Relaxed);
        true
    }

    /// The value of an object. Its cell stays as a spare one.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        if Size::<T>::EMPTIES == 0 {
            // The cell is too large to be kept without an object.
            return None;
        }
        let private = self.private();
        let slot = private.slot.load(Relaxed);
        let cell = if likely(is_object(slot)) {
            // bug: what is taken stays in the slot
            private.slot.store(spare(slot), Relaxed);
            slot
        } else {
            let load = private.load.load(Relaxed);
            let top = (load % SPARE).checked_sub(1)?;
            private.load.store(load - 1 + SPARE, Relaxed);
            self.place(top)
        };
        self.count_hit();
        // SAFETY: it was an object until now, and is a spare cell from here on.
        Some(unsafe { Full::from_raw(cell) }.empty()).map(|(value, empty)| {
            empty.into_raw();
            value
        })
    }

    /// Keeps a value, if there is a spare cell with a unit.
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        // SAFETY: forgotten if it is kept.
        if !unsafe { self.put_from(&raw const value) } {
            return Err(value);
        }
        std::mem::forget(value);
        Ok(())
    }

    /// Whether the value is kept, as by `put`. Else it is still the caller's.
    ///
    /// # Safety
    ///
    /// As for [`ptr::read`], if it is kept.
    #[inline(always)]
    pub(crate) unsafe fn put_from(&self, value: *const T) -> bool {
        let private = self.private();
        let slot = private.slot.load(Relaxed);
        if let Some(cell) = spare_cell(slot) {
            // SAFETY: the caller's promise; the slot owns the cell.
            unsafe { fill(cell, value) };
            private.slot.store(cell, Relaxed);
            return true;
        }
        let load = private.load.load(Relaxed);
        let count = load % SPARE;
        if load < SPARE || count >= private.lease.load(Relaxed) {
            return false;
        }
        // SAFETY: as above, of the place.
        unsafe { fill(self.place(count), value) };
        // bug: cell that is used again stays a spare one
        private.load.store(load + 1 - SPARE, Relaxed);
        true
    }

    #[inline(always)]
    fn count_hit(&self) {
        let hits = &self.private().hits;
        hits.store(hits.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Objects and spare cells in the magazine.
    fn magazine(&self) -> (usize, usize) {
        let load = self.private().load.load(Relaxed);
        (load % SPARE, load / SPARE)
    }

    #[inline(always)]
    fn place(&self, i: usize) -> *mut Cell<T> {
        debug_assert!(i < PLACES);
        // SAFETY: below the objects' or the spare cells' number, which no lease lets exceed
        // `PLACES`; the magazine is the owner's alone.
        self.private().magazine.with(|all| unsafe { all.cast::<*mut Cell<T>>().add(i).read() })
    }

    #[inline(always)]
    fn set_place(&self, i: usize, cell: *mut Cell<T>) {
        debug_assert!(i < PLACES);
        // SAFETY: as in `place`.
        let set = |all: *mut [_; PLACES]| unsafe { all.cast::<*mut Cell<T>>().add(i).write(cell) };
        self.private().magazine.with_mut(set);
    }
}

/// Puts a value into a spare cell.
///
/// # Safety
///
/// The caller owns the cell, which holds no value. As for [`ptr::read`] of the value.
#[inline(always)]
unsafe fn fill<T>(cell: *mut Cell<T>, value: *const T) {
    // SAFETY: the caller's promise.
    unsafe { Empty::from_raw(cell.cast()).fill(cell::read(value)) }.into_raw();
}
