//! The private part of a shard: a slot for one object, a magazine behind it, and spare cells.
//!
//! Only the owner changes it, with plain loads and stores. The fields are atomics only so that
//! `stats` may read them. A hit uses the slot if it can, and otherwise the top of the magazine.
//!
//! A *spare* cell is one whose value has been taken. It stays in its place, in the slot or on top
//! of the magazine's objects, where the next `put` finds it.
//!
//! This file has all operations that move objects: first those of the hit path, then the others.
//! `spare.rs` has those that move spare cells, `units.rs` those that change how many places the owner
//! may use, and `evidence.rs` says whether it may use any. `weighed.rs` is for pools that weigh.

mod evidence;

pub(crate) mod magazine;

mod spare;

mod units;

mod weighed;

use std::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    ptr,
};

pub(crate) use self::evidence::Evidence;
use self::magazine::Magazine;
use super::size::{PLACES, Size};
use crate::{
    containers::{
        cell::{self, CellBox, EmptyCell, List, ObjectCell},
        quota::Quota,
    },
    sync::{AtomicPtr, AtomicUsize, Relaxed, UnsafeCell},
    util::likely::likely,
};

/// If this bit of the slot's address is set, the slot holds no object.
const TAG: usize = 1;
/// The slot is empty and may hold an object: the owner has a unit for it.
const VACANT: usize = TAG;
/// The slot may not hold an object.
pub(super) const CLOSED: usize = TAG | 2;

/// What a spare cell adds to the `counts` of a magazine, to which an object adds one. If there are
/// spare cells, `counts` is above every lease. So the return of a guard, which brings its own cell,
/// takes one comparison to find that the top place is not free.
const SPARE: usize = 1 << 15;

const _: () = assert!(PLACES < SPARE);

/// The private part of a shard.
#[repr(C)]
pub(crate) struct Private<T> {
    /// An object, a spare cell with [`TAG`], [`VACANT`] or [`CLOSED`].
    slot: AtomicPtr<ObjectCell<T>>,
    /// Hits of the owner.
    hits: AtomicUsize,
    /// Objects in the magazine, plus [`SPARE`] times the spare cells above them.
    counts: AtomicUsize,
    /// The number of the magazine's places for which the owner has units. At least the number of
    /// its objects.
    lease: AtomicUsize,
    /// The number of places that the owner may lease units for.
    grown: AtomicUsize,
    /// In a pool that weighs: the weight that the owner has reserved for its slot.
    reserved: AtomicUsize,
    /// In a pool that weighs: the weight of the object in the slot.
    slot_weight: AtomicUsize,
    evidence: Evidence,
    /// Spare cells kept aside, neither in the slot nor in the magazine.
    empties: UnsafeCell<List<MaybeUninit<T>>>,
    /// The magazine, which holds the objects, the oldest first, and the spare cells above them. `None`
    /// until the shard is to hold a second object; until then no place has a unit.
    magazine: UnsafeCell<Option<Magazine<T>>>,
}

fn vacant<T>() -> *mut ObjectCell<T> {
    ptr::without_provenance_mut(VACANT)
}

fn closed<T>() -> *mut ObjectCell<T> {
    ptr::without_provenance_mut(CLOSED)
}

/// Returns the address that a slot with this spare cell holds.
fn spare<T>(cell: *mut ObjectCell<T>) -> *mut ObjectCell<T> {
    cell.map_addr(|addr| addr | TAG)
}

fn is_object<T>(slot: *mut ObjectCell<T>) -> bool {
    slot.addr() & TAG == 0
}

/// Returns the spare cell in a slot, if it holds one.
fn spare_cell<T>(slot: *mut ObjectCell<T>) -> Option<*mut ObjectCell<T>> {
    (!is_object(slot) && slot.addr() > CLOSED).then(|| slot.map_addr(|addr| addr & !TAG))
}

impl<T> Private<T> {
    pub(crate) fn new() -> Self {
        Self {
            slot: AtomicPtr::new(closed()),
            hits: AtomicUsize::new(0),
            counts: AtomicUsize::new(0),
            lease: AtomicUsize::new(0),
            grown: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            slot_weight: AtomicUsize::new(0),
            evidence: Evidence::new(),
            empties: UnsafeCell::new(List::new()),
            magazine: UnsafeCell::new(None),
        }
    }

    /// Returns the content of the slot, for tests of the state after a fork.
    #[cfg(test)]
    #[allow(dead_code, reason = "unused in models")]
    pub(crate) fn slot(&self) -> *mut ObjectCell<T> {
        self.slot.load(Relaxed)
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Relaxed)
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Returns the number of objects in the magazine.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.counts.load(Relaxed) % SPARE
    }

    pub(crate) fn lease(&self) -> usize {
        self.lease.load(Relaxed)
    }

    /// Returns the number of objects in the slot and the magazine.
    pub(crate) fn len(&self) -> usize {
        usize::from(is_object(self.slot.load(Relaxed))) + self.count()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !is_object(self.slot.load(Relaxed)) && self.count() == 0
    }

    /// Returns the number of units that the slot and the magazine hold.
    pub(crate) fn units(&self) -> usize {
        usize::from(self.slot.load(Relaxed) != closed()) + self.lease()
    }
}

/// Why the private part did not take an object.
pub(crate) enum Refused<T> {
    /// The pool has no unit left: it holds as many idle objects as it may.
    AtLimit(CellBox<T>),
    /// All places that the shard may use are full.
    NoPlace(CellBox<T>),
}

/// The owner's access to the private part of its shard: neither `Send` nor `Sync`.
pub(crate) struct PrivateOwner<'a, T> {
    private: &'a Private<T>,
    not_send: PhantomData<*mut ()>,
}

impl<'a, T> PrivateOwner<'a, T> {
    /// Returns the owner's access to `private`.
    ///
    /// # Safety
    ///
    /// As for [`Shard::owner`](crate::shard::shard::Shard::owner) of the shard that `private`
    /// belongs to.
    #[inline(always)]
    pub(crate) unsafe fn new(private: &'a Private<T>) -> Self {
        Self { private, not_send: PhantomData }
    }

    /// Returns the number of objects in the magazine.
    pub(crate) fn count(&self) -> usize {
        self.private.count()
    }

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
    /// As for [`ptr::read`].
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

    /// Returns the numbers of objects and of spare cells in the magazine.
    fn counts(&self) -> (usize, usize) {
        let counts = self.private.counts.load(Relaxed);
        (counts % SPARE, counts / SPARE)
    }

    fn set_counts(&self, objects: usize, spares: usize) {
        self.private.counts.store(objects + SPARE * spares, Relaxed);
    }

    #[inline(always)]
    fn place(&self, i: usize) -> *mut ObjectCell<T> {
        debug_assert!(i < PLACES);
        // SAFETY: `i` is below the number of objects and spare cells, which is 0 without a magazine
        // and never exceeds `PLACES`; only the owner uses the magazine.
        self.private.magazine.with(|all| unsafe { first_place(all).add(i).read() })
    }

    #[inline(always)]
    fn set_place(&self, i: usize, cell: *mut ObjectCell<T>) {
        debug_assert!(i < PLACES);
        // SAFETY: `i` is below `PLACES`. There is a magazine, since no place has a unit before; only
        // the owner uses it.
        self.private.magazine.with_mut(|all| unsafe { first_place(all).add(i).write(cell) });
    }
}

/// Returns the first place of a magazine.
///
/// # Safety
///
/// There is a magazine, which the caller owns.
#[inline(always)]
unsafe fn first_place<T>(magazine: *const Option<Magazine<T>>) -> *mut *mut ObjectCell<T> {
    // SAFETY: the caller's promise.
    unsafe { (*magazine).as_ref().unwrap_unchecked() }.as_ptr()
}

/// Operations that are too rare for the hit path.
impl<T> PrivateOwner<'_, T> {
    /// Pops an object as [`pop`](Self::pop) does, but also from below spare cells.
    pub(crate) fn pop_below_spares(&self) -> Option<CellBox<T>> {
        self.pop().or_else(|| {
            let (count, spares) = self.counts();
            let top = count.checked_sub(1)?;
            let cell = self.place(top);
            self.set_place(top, self.place(top + spares));
            self.set_counts(top, spares);
            self.count_hit();
            // SAFETY: the place owned the cell, and has given it up.
            Some(unsafe { CellBox::from_raw(cell) })
        })
    }

    /// Keeps an object if a place with a unit has no object, even if spare cells are in the way.
    /// Returns the object otherwise.
    fn push_below_spares(&self, full: CellBox<T>) -> Result<(), CellBox<T>> {
        self.push_on_top(full).or_else(|full| {
            let private = self.private;
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

    /// Puts an object on top of the others. The caller has checked that there is a place.
    pub(crate) fn insert(&self, full: CellBox<T>) {
        let (count, spares) = self.make_room(1);
        // bug: spare cell overwritten by one object
        self.set_place(count + spares, self.place(count));
        self.set_place(count, full.into_raw());
        self.set_counts(count + 1, spares);
    }

    /// Puts a batch of objects on top of the others, the last one uppermost. The caller has checked
    /// that there are enough places.
    pub(crate) fn insert_batch(&self, batch: &[*mut ObjectCell<T>]) {
        let (count, spares) = self.make_room(batch.len());
        let end = count + batch.len();
        // bug: spare cells overwritten by a batch
        (count..count + spares).rev().for_each(|i| self.set_place(i + batch.len(), self.place(i)));
        (count..).zip(batch).for_each(|(i, &cell)| self.set_place(i, cell));
        self.set_counts(end, spares);
    }

    /// Copies the pointers to the `into.len()` oldest objects of the magazine. The magazine still
    /// owns the objects: the caller must [remove](Self::remove_oldest) those that it takes.
    pub(crate) fn copy_oldest(&self, into: &mut [*mut ObjectCell<T>]) {
        (0..).zip(into).for_each(|(i, cell)| *cell = self.place(i));
    }

    /// Removes the `gone` oldest objects, which the caller has moved elsewhere.
    pub(crate) fn remove_oldest(&self, gone: usize) {
        let (count, spares) = self.counts();
        (gone..count + spares).for_each(|i| self.set_place(i - gone, self.place(i)));
        self.set_counts(count - gone, spares);
    }

    /// Moves spare cells aside until `more` objects fit. Returns the numbers of objects and of
    /// spare cells in the magazine.
    fn make_room(&self, more: usize) -> (usize, usize) {
        let (count, mut spares) = self.counts();
        while count + spares + more > PLACES {
            spares -= 1;
            self.keep_empty(self.place(count + spares));
        }
        (count, spares)
    }

    /// Keeps an object. Leases units for more places if necessary. The caller has
    /// [enabled](Self::enable) the private part if possible.
    pub(crate) fn push(&self, mut full: CellBox<T>, quota: &Quota) -> Result<(), Refused<T>> {
        loop {
            full = match self.push_below_spares(full) {
                Ok(()) => return Ok(()),
                Err(full) => full,
            };
            let wanted = self.wanted_units(quota);
            if wanted == 0 {
                return Err(Refused::NoPlace(full));
            }
            match quota.lease(wanted) {
                0 => return Err(Refused::AtLimit(full)),
                units => self.lease_more(units),
            }
        }
    }

    /// Takes all private objects, with their units. Releases the other units, and closes all places.
    pub(crate) fn take_all(&self, quota: &Quota) -> List<T> {
        self.stow_spares();
        let private = self.private;
        let (units, mut all) = (private.units(), List::new());
        for i in 0..private.count() {
            // SAFETY: the place owned the cell, and gives it up below.
            all.push(unsafe { CellBox::from_raw(self.place(i)) });
        }
        self.set_counts(0, 0);
        let slot = private.slot.load(Relaxed);
        if is_object(slot) {
            private.slot.store(vacant(), Relaxed);
            // SAFETY: the slot owned the cell, and has given it up.
            all.push(unsafe { CellBox::from_raw(slot) });
        }
        // bug: units given back twice
        quota.release(units - all.len());
        // bug: places stay open after a collect
        self.close();
        self.forget_reservation();
        all
    }

    /// Takes all private objects, with their units, since another thread wants them or the units.
    /// Disables the private part.
    pub(crate) fn recall(&self, quota: &Quota) -> List<T> {
        let all = self.take_all(quota);
        self.private.evidence.disable(all.len() > 0);
        all
    }

    /// Leaks everything in the private part, in a child process after a fork: another thread may
    /// have been changing it at the fork.
    pub(crate) fn abandon(&self) {
        self.with_empties(|empties| mem::forget(mem::replace(empties, List::new())));
        self.set_counts(0, 0);
        self.close();
    }
}

/// Copies a value into a spare cell.
///
/// # Safety
///
/// The caller owns the cell, which holds no value. For `value`, as for [`ptr::read`].
#[inline(always)]
unsafe fn fill<T>(cell: *mut ObjectCell<T>, value: *const T) {
    // SAFETY: the caller's promise.
    unsafe { EmptyCell::from_raw(cell.cast()).fill(cell::read(value)) }.into_raw();
}
