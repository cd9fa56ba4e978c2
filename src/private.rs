//! The private part of a shard: a slot for one object, a magazine behind it, and spare cells.
//!
//! All of it is its owner's alone: plain loads and stores, atomics only so that `stats` may look. A
//! hit is a look at the slot, and at the top of the magazine if the slot does not do.
//!
//! A *spare* cell is one whose value has been taken. It stays where it was, in the slot or on top of
//! the magazine's objects, and there the next `put` finds it.

use std::{mem::MaybeUninit, ptr};

use crate::{
    cell::{self, Cell, Empty, Full, List},
    hint::likely,
    owner::Owner,
    quota::Quota,
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
        private.load.store(load + 1 - SPARE, Relaxed);
        true
    }

    #[inline(always)]
    fn count_hit(&self) {
        let hits = &self.private().hits;
        hits.store(hits.load(Relaxed).wrapping_add(1), Relaxed);
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

/// Spare cells, where they are not at hand.
impl<T> Owner<'_, T> {
    /// Moves spare cells out of the way of objects.
    pub(crate) fn put_away(&self) {
        let private = self.private();
        let (count, spares) = self.magazine();
        (count..count + spares).for_each(|i| self.keep_empty(self.place(i)));
        private.load.store(count, Relaxed);
        if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
            private.slot.store(vacant(), Relaxed);
            self.keep_empty(cell);
        }
    }

    /// Moves cells to where `put` finds them.
    pub(crate) fn lay_out(&self) {
        let private = self.private();
        if private.slot.load(Relaxed) == vacant() {
            if let Some(empty) = self.with_empties(List::pop) {
                private.slot.store(spare(empty.into_raw().cast()), Relaxed);
            }
        }
        let (count, mut spares) = self.magazine();
        while count + spares < private.lease() {
            let Some(empty) = self.with_empties(List::pop) else { break };
            self.set_place(count + spares, empty.into_raw().cast());
            spares += 1;
        }
        private.load.store(count + SPARE * spares, Relaxed);
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

    /// Spare cells beyond those for which there is room.
    #[inline]
    pub(crate) fn surplus_empties(&self) -> Option<List<MaybeUninit<T>>> {
        self.with_empties(|empties| {
            let surplus = empties.len().saturating_sub(Size::<T>::EMPTIES);
            (surplus > 0).then(|| {
                let mut list = List::new();
                (0..surplus).filter_map(|_| empties.pop()).for_each(|empty| list.push(empty));
                list
            })
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

/// What the ways of a hit leave out: objects under spare cells, objects by the batch, units.
impl<T> Owner<'_, T> {
    /// As `pop_private`, also from under spare cells.
    pub(crate) fn pop_under(&self) -> Option<Full<T>> {
        self.pop_private().or_else(|| {
            let (count, spares) = self.magazine();
            let top = count.checked_sub(1)?;
            let cell = self.place(top);
            self.set_place(top, self.place(top + spares));
            self.private().load.store(top + SPARE * spares, Relaxed);
            self.count_hit();
            // SAFETY: the place owned it, and does no more.
            Some(unsafe { Full::from_raw(cell) })
        })
    }

    /// As `push_private`, also under spare cells.
    pub(crate) fn push_under(&self, full: Full<T>) -> Result<(), Full<T>> {
        self.push_private(full).or_else(|full| {
            let private = self.private();
            if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
                self.keep_empty(cell);
                private.slot.store(full.into_raw(), Relaxed);
            } else if private.count() < private.lease() {
                self.insert(full);
            } else {
                return Err(full);
            }
            Ok(())
        })
    }

    /// Puts an object on top of the others. There is a place for it.
    pub(crate) fn insert(&self, full: Full<T>) {
        let (count, spares) = self.make_room(1);
        self.set_place(count + spares, self.place(count));
        self.set_place(count, full.into_raw());
        self.private().load.store(count + 1 + SPARE * spares, Relaxed);
    }

    /// Lets `fill` put up to `most` objects on top of the others, and tell how many.
    pub(crate) fn fill(
        &self,
        most: usize,
        fill: impl FnOnce(&mut [*mut Cell<T>]) -> usize,
    ) -> usize {
        let (count, spares) = self.make_room(most);
        let filled = self.with_places(|all| {
            let (from, to) = (count, count + most);
            all.copy_within(from..from + spares, to);
            let filled = fill(&mut all[from..to]);
            all.copy_within(to..to + spares, from + filled);
            filled
        });
        self.private().load.store(count + filled + SPARE * spares, Relaxed);
        filled
    }

    /// Lets `empty` take some of the `most` oldest objects, and tell how many.
    pub(crate) fn empty_oldest(
        &self,
        most: usize,
        empty: impl FnOnce(&[*mut Cell<T>]) -> usize,
    ) -> usize {
        let (count, spares) = self.magazine();
        let gone = self.with_places(|all| {
            let gone = empty(&all[..most]);
            all.copy_within(gone..count + spares, 0);
            gone
        });
        self.private().load.store(count - gone + SPARE * spares, Relaxed);
        gone
    }

    /// Objects and spare cells in the magazine.
    fn magazine(&self) -> (usize, usize) {
        let load = self.private().load.load(Relaxed);
        (load % SPARE, load / SPARE)
    }

    /// As `magazine`, once there are not too many spare cells for so many more objects.
    fn make_room(&self, more: usize) -> (usize, usize) {
        let (count, mut spares) = self.magazine();
        while count + spares + more > PLACES {
            spares -= 1;
            self.keep_empty(self.place(count + spares));
        }
        (count, spares)
    }

    fn with_places<R>(&self, f: impl FnOnce(&mut [*mut Cell<T>; PLACES]) -> R) -> R {
        // SAFETY: the owner's alone, and no `f` comes here again.
        self.private().magazine.with_mut(|all| f(unsafe { &mut *all }))
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
        } else {
            self.open_first(quota);
        }
        all
    }

    /// Opens the first places of a pool without a bound.
    pub(crate) fn open_first(&self, quota: &Quota) {
        self.private().slot.store(vacant(), Relaxed);
        self.private().lease.store(quota.first_places(), Relaxed);
    }

    /// Opens more places of a pool without a bound: so many objects would not have had to go to the
    /// chain. Whoever only puts, or whose objects others take, does not come here.
    pub(crate) fn widen(&self, back: usize, quota: &Quota) {
        if !quota.bounded() {
            let lease = &self.private().lease;
            lease.store((lease.load(Relaxed) + back).min(quota.places()), Relaxed);
        }
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

    fn slot_wants_unit(&self, quota: &Quota) -> bool {
        quota.slots() && self.private().slot.load(Relaxed) == closed()
    }

    /// Whether places of a pool with a bound could do with more units.
    pub(crate) fn wants_units(&self, quota: &Quota) -> bool {
        quota.bounded() && (self.slot_wants_unit(quota) || self.private().lease() < quota.places())
    }

    /// So many units have come with objects. Places that have an object and no unit get one; the
    /// others go back.
    pub(crate) fn adopt(&self, units: usize, quota: &Quota) {
        let lease = self.private().lease();
        let new = self.private().count().saturating_sub(lease);
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
            self.open_first(quota);
        }
    }

    fn close(&self) {
        self.private().slot.store(closed(), Relaxed);
        self.private().lease.store(0, Relaxed);
    }
}
