//! Units: a place may hold an object only if the shard has a unit for it.

use super::{PrivateOwner, closed, vacant};
use crate::{containers::quota::Quota, sync::Relaxed};

impl<T> PrivateOwner<'_, T> {
    /// Opens the slot and the first places of the magazine, in a pool without a bound.
    pub(crate) fn lease_initial(&self, quota: &Quota) {
        self.private.slot.store(vacant(), Relaxed);
        self.private.lease.store(quota.first_places(), Relaxed);
    }

    /// Opens `back` more places, in a pool without a bound: the number of objects that the owner
    /// has just popped from its own chain, which more places would have kept in the magazine. A
    /// thread that only puts never calls this, and so keeps the initial number of places.
    pub(crate) fn grow_lease(&self, back: usize, quota: &Quota) {
        if !quota.bounded() {
            let lease = &self.private.lease;
            // bug: lease above the number of places
            lease.store((lease.load(Relaxed) + back).min(quota.places()), Relaxed);
        }
    }

    /// Opens a place for each of the units, the slot first. Releases units for which there is no
    /// place.
    pub(super) fn lease_more(&self, units: usize, quota: &Quota) {
        let slot = usize::from(self.slot_wants_unit(quota));
        if slot == 1 {
            self.private.slot.store(vacant(), Relaxed);
        }
        let lease = self.private.lease();
        let new = (units - slot).min(quota.places() - lease);
        self.private.lease.store(lease + new, Relaxed);
        quota.release(units - slot - new);
    }

    /// Returns whether the slot is closed, in a pool whose shards use their slots.
    fn slot_wants_unit(&self, quota: &Quota) -> bool {
        quota.slots() && self.private.slot.load(Relaxed) == closed()
    }

    /// Returns whether more units would open more places, in a pool with a bound.
    pub(super) fn wants_units(&self, quota: &Quota) -> bool {
        quota.bounded() && (self.slot_wants_unit(quota) || self.private.lease() < quota.places())
    }

    /// Takes over `units` units that came with objects. Each place with an object and no unit gets
    /// one; the other units are released.
    pub(crate) fn credit(&self, units: usize, quota: &Quota) {
        let lease = self.private.lease();
        let new = self.private.count().saturating_sub(lease);
        self.private.lease.store(lease + new, Relaxed);
        // bug: units of stolen objects given back
        quota.release(units - new);
    }

    /// Gives up `gone` units, which went elsewhere with their objects.
    pub(crate) fn debit(&self, gone: usize) {
        let lease = &self.private.lease;
        lease.store(lease.load(Relaxed) - gone, Relaxed);
    }

    /// Closes the slot and all places of the magazine.
    pub(super) fn close(&self) {
        self.private.slot.store(closed(), Relaxed);
        self.private.lease.store(0, Relaxed);
    }
}
