//! Calls of user code for an object that enters or leaves a pool: `recycle`, `weight`, and its
//! destructor. Nothing is pinned, claimed or locked while it runs.

use std::mem;

use super::core::Core;
use crate::{
    collect::{join::slow_path_seat, schedule},
    containers::cell::CellBox,
};

impl<T> Core<T> {
    /// Runs the `recycle` hook, and returns whether the object may be kept. If not, it is counted
    /// as dropped, and the caller drops it.
    #[inline]
    pub(crate) fn recycle_ok(&self, object: &mut T) -> bool {
        self.recycle.is_none_or(|recycle| {
            let count = CountOnDrop(self);
            let accepted = recycle(object);
            // bug: refused object not counted
            if accepted {
                mem::forget(count);
            }
            accepted
        })
    }

    /// Stores an object, or drops it if the pool is full. Then runs a collect if one is due.
    pub(crate) fn put_or_drop(&self, full: CellBox<T>) {
        let kept = if self.reserve_weight(&full) {
            self.put(slow_path_seat(), full).inspect_err(|full| self.release_weight(full))
        } else {
            Err(full)
        };
        if let Err(full) = kept {
            self.drop_counted(full);
        }
        schedule::poll();
    }

    /// Adds the weight of an object that is about to be stored. Returns false, and adds nothing, if
    /// that would exceed the bound.
    #[inline]
    pub(crate) fn reserve_weight(&self, full: &CellBox<T>) -> bool {
        self.weight_limit.as_ref().is_none_or(|limit| {
            // If weighing panics, the caller drops the object.
            let count = CountOnDrop(self);
            let admitted = limit.admit(full);
            mem::forget(count);
            admitted
        })
    }

    /// Subtracts the weight of an object that leaves, or was not stored.
    #[inline]
    pub(crate) fn release_weight(&self, full: &CellBox<T>) {
        if let Some(limit) = &self.weight_limit {
            let count = CountOnDrop(self);
            limit.release(full);
            mem::forget(count);
        }
    }

    /// Drops an object, and counts it as dropped.
    #[cold]
    #[inline(never)]
    pub(crate) fn drop_counted(&self, full: CellBox<T>) {
        let _count = CountOnDrop(self);
        drop(full);
    }
}

/// Increments `dropped` at the end of its scope, even if a destructor or a hook panics there.
pub(crate) struct CountOnDrop<'a, T>(pub(crate) &'a Core<T>);

impl<T> Drop for CountOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.dropped.add(1);
    }
}
