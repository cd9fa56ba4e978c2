//! Calls of user code for an object that enters or leaves a pool: `recycle`, `weight`, and its
//! destructor. Nothing is pinned, claimed or locked while it runs.

use std::mem;

use super::{core::Core, manager_box::ManagerBox, recall::RECALLS};
use crate::{
    collect::{join::slow_path_seat, recall::Patience},
    containers::cell::CellBox,
    seat::seat::Seat,
    shard::drops::Reason,
};

impl<T> Core<T> {
    /// Returns whether the manager is called for objects that come back.
    pub(crate) fn manager_recycles(&self) -> bool {
        self.manager.as_ref().is_some_and(ManagerBox::recycles)
    }

    /// Recycles an object, by the manager and by the hook, and returns whether it may be kept. If not,
    /// it is counted as dropped, and the caller drops it.
    #[inline]
    pub(crate) fn recycle_ok(&self, object: &mut T) -> bool {
        let count = CountOnDrop(self, Reason::Refused);
        let accepted = self.manager.as_ref().is_none_or(|manager| manager.recycle(object))
            && self.recycle.is_none_or(|recycle| recycle(object));
        // bug: refused object not counted
        if accepted {
            mem::forget(count);
        }
        accepted
    }

    /// Stores an object of this weight (0 if the pool does not weigh), or drops it if the pool is full.
    /// Then starts the collect thread if idle objects need it.
    pub(crate) fn put_or_drop(&self, full: CellBox<T>, weight: usize) {
        if !self.allows(weight) {
            // Other threads have nothing that would help.
            return self.drop_counted(full, Reason::Full);
        }
        let seat = slow_path_seat();
        let put = |full| self.put_weighed(seat, full, weight);
        if let Err(full) = put(full).or_else(|full| self.put_again(seat, full, put)) {
            self.drop_counted(full, Reason::Full);
        }
        self.poll();
    }

    /// Stores an object for which there was no unit or too little weight, if other threads have
    /// leased some that they do not use.
    #[cold]
    pub(super) fn put_again(
        &self,
        seat: Option<&Seat>,
        full: CellBox<T>,
        put: impl Fn(CellBox<T>) -> Result<(), CellBox<T>>,
    ) -> Result<(), CellBox<T>> {
        // bug: own unit out of reach while the seat is claimed
        let mut refused = if self.wait_for_own_unit(seat) { put(full) } else { Err(full) };
        for _ in 0..RECALLS {
            let Err(full) = refused else { break };
            let more = self.recall_units(seat, Patience::GivesUp);
            // Once more even if nothing was recalled: a collect may have given units back.
            refused = put(full);
            if !more {
                break;
            }
        }
        refused
    }

    /// Returns whether an object of this weight may be kept at all.
    pub(super) fn allows(&self, weight: usize) -> bool {
        self.weight_limit.as_ref().is_none_or(|limit| limit.allows(weight))
    }

    /// Stores a new object of this weight on the shelf. Returns it as the error if the pool is full.
    pub(crate) fn shelve_new(
        &self,
        seat: Option<&Seat>,
        full: CellBox<T>,
        weight: usize,
    ) -> Result<(), CellBox<T>> {
        let Some(limit) = &self.weight_limit else { return self.shelve(full) };
        if !limit.allows(weight) || !self.lease_recalled(seat, || limit.add(weight)) {
            return Err(full);
        }
        self.shelve(full).inspect_err(|_| limit.sub(weight))
    }

    /// Returns the weight of an object that is about to be stored, in a pool that weighs. If weighing
    /// panics, the object is counted as dropped.
    #[inline]
    pub(crate) fn weigh(&self, object: &T) -> usize {
        self.weight_limit.as_ref().map_or(0, |limit| {
            let count = CountOnDrop(self, Reason::Refused);
            let weight = limit.weigh(object);
            mem::forget(count);
            weight
        })
    }

    /// Subtracts the weight of an object that leaves.
    #[inline]
    pub(crate) fn release_weight(&self, full: &CellBox<T>) {
        if let Some(limit) = &self.weight_limit {
            limit.sub(self.weigh(full.get()));
        }
    }

    /// Drops an object, and counts it as dropped.
    #[cold]
    #[inline(never)]
    pub(crate) fn drop_counted(&self, full: CellBox<T>, reason: Reason) {
        let _count = CountOnDrop(self, reason);
        drop(full);
    }
}

/// Counts a drop for this reason at the end of its scope, even if a destructor or a hook panics there.
pub(crate) struct CountOnDrop<'a, T>(pub(crate) &'a Core<T>, pub(crate) Reason);

impl<T> Drop for CountOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.drops.count(self.1);
    }
}
