//! The private part of a pool that weighs its objects.
//!
//! The owner reserves weight for its slot and its magazine, and keeps the reservations while its
//! objects are lent. So a thread that gets objects and gives them back does not access the pool's sum,
//! unless the objects have grown by then. The weight of all other idle objects is in the sum, too.

use super::{Private, PrivateOwner, Refused, hit::fill, is_object, spare_cell, vacant};
use crate::{
    containers::{
        cell::{CellBox, ObjectCell, note_weight, noted_weight},
        quota::Quota,
        weight::WeightLimit,
    },
    sync::Relaxed,
};

/// Returns whether an object of this weight may use the reservation of the slot. It must not be less
/// than half of it, so that an object which has become small does not hold what others could use.
fn fits(weight: usize, reserved: usize) -> bool {
    // bug: object above its reservation kept
    weight <= reserved && weight >= reserved / 2
}

/// What the return of a hit does. The slot comes first, so that a thread with one object at a time has
/// nothing to do with a magazine.
impl<T> PrivateOwner<'_, T> {
    /// Keeps an object of this weight in the slot, if the slot is vacant and its reservation fits.
    /// Returns whether it did; if so, the caller must forget the object.
    #[inline]
    pub(crate) fn push_weighed(&self, cell: *mut ObjectCell<T>, weight: usize) -> bool {
        let private = self.private;
        let reserved = private.reserved.load(Relaxed);
        let fits = private.slot.load(Relaxed) == vacant() && fits(weight, reserved);
        if fits {
            private.slot_weight.store(weight, Relaxed);
            private.slot.store(cell, Relaxed);
        }
        fits
    }

    /// Keeps an object of this weight on top of the magazine, if that place has a unit and no spare cell,
    /// and the reservation suffices. Returns whether it did; if so, the caller must forget the object.
    #[inline]
    pub(crate) fn push_top_weighed(&self, cell: *mut ObjectCell<T>, weight: usize) -> bool {
        let private = self.private;
        let counts = private.counts.load(Relaxed);
        let kept = counts < private.lease.load(Relaxed) && self.note_top(counts, weight);
        if kept {
            self.set_place(counts, cell);
            private.counts.store(counts + 1, Relaxed);
        }
        kept
    }

    /// Keeps a value of this weight in the slot's spare cell, if there is one and the reservation fits.
    /// Returns whether it did; if so, the caller must forget the value.
    ///
    /// # Safety
    ///
    /// As for [`ptr::read`](std::ptr::read), if this returns true.
    pub(crate) unsafe fn put_weighed(&self, value: *const T, weight: usize) -> bool {
        let private = self.private;
        let cell = spare_cell(private.slot.load(Relaxed));
        let Some(cell) = cell.filter(|_| fits(weight, private.reserved.load(Relaxed))) else {
            return false;
        };
        // SAFETY: the caller's promise; the slot owns the cell.
        unsafe { fill(cell, value) };
        // bug: weight of a value not noted
        private.slot_weight.store(weight, Relaxed);
        private.slot.store(cell, Relaxed);
        true
    }

    /// Keeps a value of this weight in a spare cell on top of the magazine's objects, as
    /// [`put_weighed`](Self::put_weighed) does in the slot's.
    ///
    /// # Safety
    ///
    /// As for `put_weighed`.
    #[inline]
    pub(crate) unsafe fn put_top_weighed(&self, value: *const T, weight: usize) -> bool {
        let (count, spares) = self.counts();
        let kept = spares > 0 && count < self.private.lease() && self.note_top(count, weight);
        if kept {
            // SAFETY: the caller's promise; the magazine's place owns the spare cell.
            unsafe { fill(self.place(count), value) };
            self.set_counts(count + 1, spares - 1);
        }
        kept
    }

    /// Notes the weight of an object that is to become the top one of the magazine, if its reservation
    /// suffices. Returns whether it does.
    #[inline]
    fn note_top(&self, count: usize, weight: usize) -> bool {
        self.private.weights.get().is_some_and(|weights| weights.add(count, weight))
    }
}

/// What the owner does on its slow path.
impl<T> PrivateOwner<'_, T> {
    /// Keeps an object as [`push`](Self::push) does, in a pool with this limit. Returns
    /// [`Refused::AtLimit`] also if the object is too heavy.
    pub(crate) fn keep_weighed(
        &self,
        full: CellBox<T>,
        weight: usize,
        quota: &Quota,
        limit: &WeightLimit<T>,
    ) -> Result<(), (Refused, CellBox<T>)> {
        if let Err(refused) = self.open_place(quota) {
            return Err((refused, full));
        }
        let Some(reserved) = self.reserve(weight, limit) else {
            return Err((Refused::AtLimit, full));
        };
        let (private, cell) = (self.private, full.as_raw());
        self.push_below_spares(full);
        if private.slot.load(Relaxed) == cell {
            private.slot_weight.store(weight, Relaxed);
        } else {
            let weights = private.weights.get().expect("a magazine has weights here");
            weights.set(private.count() - 1, weight);
        }
        self.divide(reserved);
        Ok(())
    }

    /// Makes what is reserved suffice for one more object, of this weight. Returns how much is reserved
    /// then, which the caller [divides](Self::divide). `None` if the pool's limit is reached.
    fn reserve(&self, weight: usize, limit: &WeightLimit<T>) -> Option<usize> {
        let (reserved, used) = (self.private.reserved_weight(), self.private.used_weight());
        let needed = used.checked_add(weight)?;
        if needed > reserved {
            return limit.add(needed - reserved).then_some(needed);
        }
        // Behind a slot there may be places for the objects that are still lent.
        let spare = self.private.weights.get().is_none() && !fits(needed, reserved);
        if spare {
            limit.sub(reserved - needed);
        }
        Some(if spare { needed } else { reserved })
    }

    /// Divides what is reserved between the slot and the magazine. An object in the slot has as much as
    /// it weighs, and the magazine has the rest, but at least what its objects weigh.
    fn divide(&self, reserved: usize) {
        let private = self.private;
        let Some(weights) = private.weights.get() else {
            return private.reserved.store(reserved, Relaxed);
        };
        let slot = match is_object(private.slot.load(Relaxed)) {
            true => private.slot_weight.load(Relaxed),
            false => private.reserved.load(Relaxed),
        };
        // bug: reservation of the magazine's objects given to the slot
        let slot = slot.min(reserved.saturating_sub(weights.of_oldest(private.count())));
        private.reserved.store(slot, Relaxed);
        weights.reserved.store(reserved - slot, Relaxed);
    }

    /// Pops an object as [`pop_below_spares`](Self::pop_below_spares) does. It leaves with its weight,
    /// which is not reserved any more.
    pub(crate) fn pop_with_weight(&self) -> Option<CellBox<T>> {
        let private = self.private;
        let (reserved, used) = (private.reserved_weight(), private.used_weight());
        let full = self.pop_below_spares()?;
        let gone = used.wrapping_sub(private.used_weight());
        if gone > 0 {
            // bug: weight of an object that has left reserved as well
            self.divide(reserved.saturating_sub(gone));
        }
        Some(full)
    }

    /// Notes the weights of the oldest objects of the magazine in their cells, which are about to go
    /// elsewhere.
    pub(crate) fn note_oldest(&self, oldest: &[*mut ObjectCell<T>]) {
        let Some(weights) = self.private.weights.get() else { return };
        for (i, &cell) in oldest.iter().enumerate() {
            // SAFETY: the magazine owns the cell, which is in no list.
            // bug: weight not noted by a spill
            unsafe { note_weight(cell, weights.of(i)) };
        }
    }

    /// Forgets the weights of the `gone` oldest objects, which have [left](Self::remove_oldest) with
    /// their weights. The magazine held `count` objects before.
    pub(super) fn forget_oldest(&self, gone: usize, count: usize) {
        let Some(weights) = self.private.weights.get() else { return };
        let (reserved, weight) = (&weights.reserved, weights.of_oldest(gone));
        // bug: weight of spilled objects reserved as well
        reserved.store(reserved.load(Relaxed).saturating_sub(weight), Relaxed);
        weights.remove_oldest(gone, count);
    }

    /// Notes the weights of a batch that has just been put on top of the other objects of the magazine.
    /// Each cell says what its object weighs.
    pub(super) fn note_batch(&self, batch: &[*mut ObjectCell<T>]) {
        let Some(weights) = self.private.weights.get() else { return };
        let first = self.private.count() - batch.len();
        for (i, &cell) in batch.iter().enumerate() {
            // SAFETY: the magazine owns the cell, which came from a chain and was in no list since.
            weights.set(first + i, unsafe { noted_weight(cell) });
        }
    }

    /// Takes over the weight of objects which have come from a chain: those by which the private part
    /// weighs more than `used`, what it weighed before. The owner reserves it as far as objects of the
    /// private part need it, and gives back the rest.
    pub(crate) fn credit_weight(&self, used: usize, limit: &WeightLimit<T>) {
        let (reserved, now) = (self.private.reserved_weight(), self.private.used_weight());
        let needed = reserved.max(now);
        // bug: weight of stolen objects reserved twice
        limit.sub(now.wrapping_sub(used).wrapping_sub(needed - reserved));
        self.divide(needed);
    }

    /// Reduces what is reserved to the weight of the private objects. Called before those may go
    /// elsewhere, with their weight.
    pub(crate) fn unreserve(&self, limit: &WeightLimit<T>) {
        let unused = self.private.unused_weight();
        // bug: reservation not given back
        limit.sub(unused);
        self.divide(self.private.reserved_weight() - unused);
    }

    /// Forgets what is reserved, since all private objects have left, with their weight. The caller has
    /// [reduced](Self::unreserve) it before.
    pub(super) fn forget_reservation(&self) {
        // bug: weight of objects that have left reserved as well
        self.private.reserved.store(0, Relaxed);
        self.private.weights.get().iter().for_each(|weights| weights.reserved.store(0, Relaxed));
    }
}

impl<T> Private<T> {
    /// Returns the weight that the owner has reserved.
    fn reserved_weight(&self) -> usize {
        let magazine = self.weights.get().map_or(0, |weights| weights.reserved.load(Relaxed));
        self.reserved.load(Relaxed).wrapping_add(magazine)
    }

    /// Returns what the objects in the slot and the magazine weigh.
    pub(crate) fn used_weight(&self) -> usize {
        let slot = match is_object(self.slot.load(Relaxed)) {
            true => self.slot_weight.load(Relaxed),
            false => 0,
        };
        let magazine = self.weights.get().map_or(0, |weights| weights.of_oldest(self.count()));
        slot.wrapping_add(magazine)
    }

    /// Returns the reserved weight that no object in the slot or the magazine has.
    pub(crate) fn unused_weight(&self) -> usize {
        // Never below 0, except for a moment, to other threads.
        self.reserved_weight().saturating_sub(self.used_weight())
    }
}
