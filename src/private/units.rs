//! Which places may hold an object: those that have a unit.

use std::mem;

use super::{closed, is_object, vacant};
use crate::{
    cell::{Full, List},
    owner::Owner,
    quota::Quota,
    sync::Relaxed,
};

impl<T> Owner<'_, T> {
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
            // bug: units given back twice
            quota.release(units - all.len());
            self.close();
        // bug: places stay open; places in a shard that does not age
        } else if self.is_open() {
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
            // bug: more places than there are
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
        // bug: units of loot given back
        quota.release(units - new);
    }

    /// Units have gone elsewhere with their objects.
    pub(crate) fn forget_units(&self, gone: usize) {
        let lease = &self.private().lease;
        lease.store(lease.load(Relaxed) - gone, Relaxed);
    }

    /// Forgets all that is here, which another thread may have been in the midst of changing.
    pub(crate) fn abandon_private(&self, quota: &Quota) {
        self.with_empties(|empties| mem::forget(mem::replace(empties, List::new())));
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
