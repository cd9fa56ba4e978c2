//! The private part of a shard: a slot for one object, a magazine behind it, and spare cells.
//!
//! All of it is its owner's alone: plain loads and stores, atomics only so that `stats` may look. A
//! hit is a look at the slot, and at the top of the magazine if the slot does not do.
//!
//! A *spare* cell is one whose value has been taken. It stays where it was, in the slot or on top of
//! the magazine's objects, and there the next `put` finds it.

use std::{mem::MaybeUninit, ptr};

use crate::{
    cell::{Cell, Empty, Full, List},
    hint::likely,
    owner::Owner,
    quota::Quota,
    shard::Size,
    sync::{AtomicPtr, AtomicUsize, Relaxed, UnsafeCell, scaled},
};

/// Places in a magazine of small objects.
pub(crate) const PLACES: usize = scaled(32, 2);

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
    pub(crate) magazine: [UnsafeCell<*mut Cell<T>>; PLACES],
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
            magazine: std::array::from_fn(|_| UnsafeCell::new(ptr::null_mut())),
        }
    }

    /// Objects in the magazine.
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
            private.slot.store(vacant(), Relaxed);
            slot
        } else {
            // Wraps if there is nothing; is beyond all places if spare cells are on top.
            let top = private.load.load(Relaxed).wrapping_sub(1);
            if top >= PLACES {
                return None;
            }
            private.load.store(top, Relaxed);
            self.place(top)
        };
        self.count_hit();
        // SAFETY: the slot or the place owned it, and does no more.
        Some(unsafe { Full::from_raw(cell) })
    }

    /// Keeps an object, if there is a place with a unit and without a spare cell.
    #[inline(always)]
    pub(crate) fn push_private(&self, full: Full<T>) -> Result<(), Full<T>> {
        let private = self.private();
        if likely(private.slot.load(Relaxed) == vacant()) {
            private.slot.store(full.into_raw(), Relaxed);
            return Ok(());
        }
        let load = private.load.load(Relaxed);
        if load >= private.lease.load(Relaxed) {
            return Err(full);
        }
        self.set_place(load, full.into_raw());
        private.load.store(load + 1, Relaxed);
        Ok(())
    }

    /// The value of an object. Its cell stays as a spare one.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        let private = self.private();
        let slot = private.slot.load(Relaxed);
        let cell = if likely(is_object(slot)) {
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
    #[inline]
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        let private = self.private();
        let slot = private.slot.load(Relaxed);
        if let Some(cell) = spare_cell(slot) {
            private.slot.store(fill(cell, value), Relaxed);
            return Ok(());
        }
        let load = private.load.load(Relaxed);
        let count = load % SPARE;
        if load < SPARE || count >= private.lease.load(Relaxed) {
            return Err(value);
        }
        fill(self.place(count), value);
        private.load.store(load + 1 - SPARE, Relaxed);
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn count_hit(&self) {
        let hits = &self.private().hits;
        hits.store(hits.load(Relaxed).wrapping_add(1), Relaxed);
    }

    #[inline(always)]
    fn place(&self, i: usize) -> *mut Cell<T> {
        debug_assert!(i < PLACES);
        // SAFETY: below the objects' or the spare cells' number, which no lease lets exceed
        // `PLACES`; the place is the owner's alone.
        unsafe { self.private().magazine.get_unchecked(i) }.with(|place| unsafe { *place })
    }

    #[inline(always)]
    fn set_place(&self, i: usize, cell: *mut Cell<T>) {
        debug_assert!(i < PLACES);
        // SAFETY: as in `place`.
        unsafe { self.private().magazine.get_unchecked(i) }
            .with_mut(|place| unsafe { *place = cell });
    }
}

/// Puts a value into a spare cell.
#[inline(always)]
fn fill<T>(cell: *mut Cell<T>, value: T) -> *mut Cell<T> {
    // SAFETY: callers own the cell, which holds no value.
    unsafe { Empty::from_raw(cell.cast()) }.fill(value).into_raw()
}

/// Spare cells, where they are not at hand.
impl<T> Owner<'_, T> {
    /// Moves spare cells out of the way of objects.
    pub(crate) fn put_away(&self) {
        let private = self.private();
        let load = private.load.load(Relaxed);
        if load >= SPARE {
            let count = load % SPARE;
            (count..count + load / SPARE).for_each(|i| self.keep_empty(self.place(i)));
            private.load.store(count, Relaxed);
        }
        if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
            private.slot.store(vacant(), Relaxed);
            self.keep_empty(cell);
        }
    }

    /// Moves cells to where `put` finds them.
    pub(crate) fn lay_out(&self) {
        let private = self.private();
        let mut load = private.load.load(Relaxed);
        while load % SPARE + load / SPARE < private.lease() {
            let Some(empty) = self.with_empties(List::pop) else { break };
            self.set_place(load % SPARE + load / SPARE, empty.into_raw().cast());
            load += SPARE;
        }
        private.load.store(load, Relaxed);
        if private.slot.load(Relaxed) == vacant() {
            if let Some(empty) = self.with_empties(List::pop) {
                private.slot.store(spare(empty.into_raw().cast()), Relaxed);
            }
        }
    }

    pub(crate) fn pop_empty(&self) -> Option<Empty<T>> {
        self.with_empties(List::pop).or_else(|| {
            self.put_away();
            self.with_empties(List::pop)
        })
    }

    /// Keeps a cell without an object, if there is room for one more.
    pub(crate) fn push_empty(&self, empty: Empty<T>) -> Option<Empty<T>> {
        self.with_empties(|empties| {
            if empties.len() >= Size::<T>::EMPTIES {
                return Some(empty);
            }
            empties.push(empty);
            None
        })
    }

    /// All cells without an object.
    pub(crate) fn take_empties(&self) -> List<MaybeUninit<T>> {
        self.put_away();
        self.with_empties(|empties| std::mem::replace(empties, List::new()))
    }

    fn keep_empty(&self, cell: *mut Cell<T>) {
        // SAFETY: the slot or a place owned it, and it holds no object.
        let empty = unsafe { Empty::from_raw(cell.cast()) };
        self.with_empties(|empties| empties.push(empty));
    }

    fn with_empties<R>(&self, f: impl FnOnce(&mut List<MaybeUninit<T>>) -> R) -> R {
        // SAFETY: the owner's alone, and no `f` comes here again.
        self.private().empties.with_mut(|empties| f(unsafe { &mut *empties }))
    }
}

/// Objects by the batch, and units. No spare cell is in the magazine.
impl<T> Owner<'_, T> {
    /// Puts objects into the magazine. There are places with units for them.
    pub(crate) fn extend(&self, cells: &[*mut Cell<T>]) {
        let count = self.private().count();
        cells.iter().enumerate().for_each(|(i, &cell)| self.set_place(count + i, cell));
        self.private().load.store(count + cells.len(), Relaxed);
    }

    /// The oldest objects of the magazine.
    pub(crate) fn oldest(&self, into: &mut [*mut Cell<T>]) {
        into.iter_mut().enumerate().for_each(|(i, cell)| *cell = self.place(i));
    }

    /// The magazine's oldest objects have gone elsewhere.
    pub(crate) fn forget_oldest(&self, gone: usize) {
        let count = self.private().count();
        (gone..count).for_each(|i| self.set_place(i - gone, self.place(i)));
        self.private().load.store(count - gone, Relaxed);
    }

    /// All private objects. Units without an object go back.
    pub(crate) fn take_all(&self, quota: &Quota) -> List<T> {
        self.put_away();
        let private = self.private();
        let (units, mut all) = (private.units(), List::new());
        for i in 0..private.count() {
            // SAFETY: the place owned it, and will not count.
            all.push(unsafe { Full::from_raw(self.place(i)) });
        }
        private.load.store(0, Relaxed);
        let slot = private.slot.load(Relaxed);
        if is_object(slot) {
            private.slot.store(vacant(), Relaxed);
            // SAFETY: the slot owned it.
            all.push(unsafe { Full::from_raw(slot) });
        }
        if quota.bounded() {
            quota.release(units - all.len());
            self.close();
        }
        all
    }

    /// Opens all places of a pool without a bound.
    pub(crate) fn open_all(&self, quota: &Quota) {
        self.private().slot.store(vacant(), Relaxed);
        self.private().lease.store(quota.places(), Relaxed);
    }

    /// Opens so many more places, if there are as many; gives the rest of the units back.
    pub(crate) fn open_more(&self, units: usize, quota: &Quota) {
        let slot = usize::from(self.slot_wants_unit(quota));
        if slot == 1 {
            self.private().slot.store(vacant(), Relaxed);
        }
        let lease = self.private().lease();
        let new = (units - slot).min(quota.places() - lease);
        self.private().lease.store(lease + new, Relaxed);
        quota.release(units - slot - new);
    }

    pub(crate) fn slot_wants_unit(&self, quota: &Quota) -> bool {
        quota.slots() && self.private().slot.load(Relaxed) == closed()
    }

    /// Makes the units of so many objects into leases of places, as far as these many objects have
    /// none; gives the others back.
    pub(crate) fn adopt(&self, objects: usize, units: usize, quota: &Quota) {
        let lease = self.private().lease();
        let new = (self.private().count() + objects).saturating_sub(lease);
        self.private().lease.store(lease + new, Relaxed);
        quota.release(units - new);
    }

    /// Units have gone elsewhere with their objects.
    pub(crate) fn forget_units(&self, gone: usize) {
        let lease = &self.private().lease;
        lease.store(lease.load(Relaxed) - gone, Relaxed);
    }

    /// Forgets all that is here, which another thread may have been in the midst of changing.
    pub(crate) fn abandon_private(&self, quota: &Quota) {
        self.with_empties(|empties| std::mem::forget(std::mem::replace(empties, List::new())));
        self.private().load.store(0, Relaxed);
        self.close();
        if self.is_open() && !quota.bounded() {
            self.open_all(quota);
        }
    }

    fn close(&self) {
        self.private().slot.store(closed(), Relaxed);
        self.private().lease.store(0, Relaxed);
    }
}
