//! The slot of a pool that weighs its objects.
//!
//! The owner reserves weight for its slot, and keeps the reservation while its object is lent. So a
//! thread that gets an object and gives it back does not access the pool's sum, unless the object
//! has grown by then. The weight of all other idle objects is in the sum, too.

use super::{Private, PrivateOwner, closed, hit::fill, is_object, spare_cell, vacant};
use crate::{
    containers::{
        cell::{CellBox, ObjectCell},
        quota::Quota,
        weight::WeightLimit,
    },
    sync::Relaxed,
};

/// Returns whether an object of this weight may use a reservation. It must not be less than half of
/// it, so that an object which has become small does not hold what others could use.
fn fits(weight: usize, reserved: usize) -> bool {
    // bug: object above its reservation kept
    weight <= reserved && weight >= reserved / 2
}

impl<T> PrivateOwner<'_, T> {
    /// Keeps an object of this weight in the slot, if the slot is vacant and the reservation fits.
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

    /// Keeps an object of this weight in the slot, if the slot is free and the weight can be
    /// reserved. Returns the object otherwise.
    pub(crate) fn keep_weighed(
        &self,
        full: CellBox<T>,
        weight: usize,
        quota: &Quota,
        limit: &WeightLimit<T>,
    ) -> Result<(), CellBox<T>> {
        if !self.is_free(quota) || !self.reserve(weight, limit) {
            return Err(full);
        }
        let private = self.private;
        if let Some(cell) = spare_cell(private.slot.load(Relaxed)) {
            self.keep_empty(cell);
        }
        private.slot_weight.store(weight, Relaxed);
        private.slot.store(full.into_raw(), Relaxed);
        Ok(())
    }

    /// Returns whether the owner may put an object into the slot. Leases a unit if necessary.
    fn is_free(&self, quota: &Quota) -> bool {
        let private = self.private;
        let slot = private.slot.load(Relaxed);
        if slot != closed() {
            return !is_object(slot);
        }
        let opened = private.evidence.is_enabled() && quota.lease(1) == 1;
        if opened {
            private.slot.store(vacant(), Relaxed);
        }
        opened
    }

    /// Makes the reservation fit an object of this weight. It may be up to twice as large.
    fn reserve(&self, weight: usize, limit: &WeightLimit<T>) -> bool {
        let reserved = self.private.reserved.load(Relaxed);
        if fits(weight, reserved) {
            return true;
        }
        if weight > reserved && !limit.add(weight - reserved) {
            return false;
        }
        limit.sub(reserved.saturating_sub(weight));
        self.private.reserved.store(weight, Relaxed);
        true
    }

    /// Reduces the reservation to the weight of the object in the slot. Called before that may go
    /// elsewhere, with its weight.
    pub(crate) fn unreserve(&self, limit: &WeightLimit<T>) {
        let unused = self.private.unused_weight();
        // bug: reservation not given back
        limit.sub(unused);
        let reserved = &self.private.reserved;
        reserved.store(reserved.load(Relaxed) - unused, Relaxed);
    }

    /// Forgets the reservation, if the object that it was for has left the slot, with its weight, other
    /// than by a hit. The caller has [reduced](Self::unreserve) the reservation before.
    pub(crate) fn forget_reservation(&self) {
        if !is_object(self.private.slot.load(Relaxed)) {
            // bug: weight of an object that has left reserved as well
            self.private.reserved.store(0, Relaxed);
        }
    }
}

impl<T> Private<T> {
    /// Returns the reserved weight that no object in the slot has.
    pub(crate) fn unused_weight(&self) -> usize {
        let held = is_object(self.slot.load(Relaxed));
        let weight = if held { self.slot_weight.load(Relaxed) } else { 0 };
        // Never below 0, except for a moment, to other threads.
        self.reserved.load(Relaxed).saturating_sub(weight)
    }
}
