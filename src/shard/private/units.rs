//! Units: a place may hold an object only if the shard has a unit for it.

use std::mem;

use super::{PrivateOwner, closed, is_object, vacant};
use crate::{
    containers::{
        cell::{CellBox, List},
        quota::Quota,
    },
    sync::Relaxed,
};

/// Why the private part did not take an object.
pub(crate) enum Refused<T> {
    /// The pool has no unit left: it holds as many idle objects as it may.
    AtLimit(CellBox<T>),
    /// All places that the shard may use are full.
    NoPlace(CellBox<T>),
}

impl<T> PrivateOwner<'_, T> {
    /// Keeps an object. Leases units for more places if necessary.
    pub(crate) fn push(&self, mut full: CellBox<T>, quota: &Quota) -> Result<(), Refused<T>> {
        loop {
            full = match self.push_below_spares(full) {
                Ok(()) => return Ok(()),
                Err(full) => full,
            };
            if !self.wants_units(quota) {
                return Err(Refused::NoPlace(full));
            }
            match quota.lease(quota.batch()) {
                0 => return Err(Refused::AtLimit(full)),
                units => self.lease_more(units, quota),
            }
        }
    }

    /// Takes all private objects, with their units. In a pool with a bound, releases the other
    /// units and closes all places; in others, sets the lease to its initial value if the shard
    /// `is_open`.
    pub(crate) fn take_all(&self, is_open: bool, quota: &Quota) -> List<T> {
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
        if quota.bounded() {
            // bug: units given back twice
            quota.release(units - all.len());
            self.close();
        // bug: places stay open; places in a shard that does not age
        } else if is_open {
            self.lease_initial(quota);
        }
        all
    }

    /// Leaks everything in the private part, in a child process after a fork: another thread may
    /// have been changing it at the fork.
    pub(crate) fn abandon(&self, is_open: bool, quota: &Quota) {
        self.with_empties(|empties| mem::forget(mem::replace(empties, List::new())));
        self.set_counts(0, 0);
        self.close();
        if is_open && !quota.bounded() {
            self.lease_initial(quota);
        }
    }

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
            // bug: more places than there are
            lease.store((lease.load(Relaxed) + back).min(quota.places()), Relaxed);
        }
    }

    /// Opens a place for each of the units, the slot first. Releases units for which there is no
    /// place.
    fn lease_more(&self, units: usize, quota: &Quota) {
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
    fn wants_units(&self, quota: &Quota) -> bool {
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
    fn close(&self) {
        self.private.slot.store(closed(), Relaxed);
        self.private.lease.store(0, Relaxed);
    }
}
