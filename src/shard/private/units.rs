//! Units: a place may hold an object only if the shard has a unit for it, and a magazine. In a pool
//! without a bound there are always units.

use super::{PrivateOwner, Refused, closed, is_object, magazine::NewMagazine, vacant};
use crate::{containers::quota::Quota, sync::Relaxed};

impl<T> PrivateOwner<'_, T> {
    /// Enables the private part if it is disabled and the evidence suffices. Returns whether it has
    /// just been enabled. Then the caller marks the shard in the occupancy map.
    pub(crate) fn enable(&self, quota: &Quota) -> bool {
        quota.slots() && self.private.evidence.enable()
    }

    /// Allows `back` more places: the number of objects that the owner has just popped from its own
    /// chain, which more places would have kept in the magazine. A thread that only puts never
    /// calls this, so that it keeps one object.
    pub(crate) fn grow(&self, back: usize, quota: &Quota) {
        let private = self.private;
        // bug: lease above the number of places
        let grown = (private.grown.load(Relaxed) + back).min(quota.places());
        private.grown.store(grown, Relaxed);
        if !quota.bounded() {
            self.open_grown();
        }
    }

    /// Opens the places that the owner may use, in a pool without a bound.
    fn open_grown(&self) {
        let private = self.private;
        if self.has_magazine() {
            private.lease.store(private.lease().max(private.grown.load(Relaxed)), Relaxed);
        }
    }

    /// Sets the number of places that the owner may use, after it has pushed to its chain, where
    /// thieves now find `shared` objects. As long as they find some there, they need no recall. So
    /// the owner may buffer half that number, and push them together.
    pub(crate) fn buffer(&self, shared: usize, quota: &Quota) {
        let private = self.private;
        if !private.evidence.is_enabled() || !self.has_magazine() {
            return;
        }
        let (grown, lease) = (private.grown.load(Relaxed), private.lease());
        // bug: buffer without regard to the chain
        let wanted = grown.max((shared / 2).min(quota.batch())).min(quota.places());
        let lease = if lease < wanted {
            lease + quota.lease(wanted - lease)
        } else {
            let kept = wanted.max(private.count());
            quota.release(lease - kept);
            kept
        };
        private.lease.store(lease, Relaxed);
    }

    /// Makes sure that a place with a unit has no object. Leases units for more places if necessary.
    pub(super) fn open_place(&self, quota: &Quota) -> Result<(), Refused> {
        while !self.has_open_place() {
            let wanted = self.wanted_units(quota);
            if wanted == 0 {
                return Err(Refused::NoPlace);
            }
            match quota.lease(wanted) {
                0 => return Err(Refused::AtLimit),
                units => self.lease_more(units),
            }
        }
        Ok(())
    }

    fn has_open_place(&self) -> bool {
        let (private, slot) = (self.private, self.private.slot.load(Relaxed));
        !is_object(slot) && slot != closed() || private.count() < private.lease()
    }

    /// Opens a place for each of the units, the slot first.
    pub(super) fn lease_more(&self, units: usize) {
        let slot = usize::from(self.private.slot.load(Relaxed) == closed());
        if slot == 1 {
            self.private.slot.store(vacant(), Relaxed);
        }
        self.private.lease.store(self.private.lease() + units - slot, Relaxed);
    }

    /// Returns how many units the owner wants to lease, to open places for which there is evidence.
    pub(super) fn wanted_units(&self, quota: &Quota) -> usize {
        let private = self.private;
        if !private.evidence.is_enabled() {
            0
        } else if private.slot.load(Relaxed) == closed() {
            1
        } else {
            let places = private.grown.load(Relaxed).min(self.usable_places(quota));
            places.saturating_sub(private.lease()).min(quota.batch())
        }
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
        self.private.grown.store(0, Relaxed);
    }

    /// Gives up the units of places without an object.
    pub(crate) fn release_unused(&self, quota: &Quota) {
        self.stow_spares();
        let private = self.private;
        let vacant = private.slot.load(Relaxed) == vacant();
        if vacant {
            private.slot.store(closed(), Relaxed);
        }
        let unused = private.lease() - private.count();
        private.lease.store(private.count(), Relaxed);
        quota.release(unused + usize::from(vacant));
    }

    pub(super) fn has_magazine(&self) -> bool {
        // SAFETY: only the owner uses the magazine.
        self.private.magazine.with(|magazine| unsafe { (*magazine).is_some() })
    }

    /// Returns the number of places that the shard may use: 0 without a magazine.
    pub(crate) fn usable_places(&self, quota: &Quota) -> usize {
        if self.has_magazine() { quota.places() } else { 0 }
    }

    /// Returns whether the shard has no magazine although its pool uses magazines.
    pub(crate) fn lacks_magazine(&self, quota: &Quota) -> bool {
        quota.places() > 0 && !self.has_magazine()
    }

    /// Returns whether a magazine would open places for the owner, whose chain holds `shared`
    /// objects.
    pub(crate) fn wants_magazine(&self, shared: usize, quota: &Quota) -> bool {
        let private = self.private;
        let places = private.grown.load(Relaxed).max(shared / 2);
        places > 0 && private.evidence.is_enabled() && self.lacks_magazine(quota)
    }

    /// Adds a magazine to a shard that has none, and opens the places for which there is evidence.
    pub(crate) fn add_magazine(&self, new: NewMagazine<T>, quota: &Quota) {
        debug_assert!(!self.has_magazine());
        // SAFETY: only the owner uses the magazine.
        self.private.magazine.with_mut(|place| unsafe { *place = Some(new.magazine) });
        new.weights.into_iter().for_each(|weights| self.private.weights.set(weights));
        if !quota.bounded() {
            self.open_grown();
        }
    }
}
