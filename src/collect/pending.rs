//! Objects and cells that a collect has taken out of a pool and not yet dropped.

use std::{
    mem::{self, MaybeUninit},
    ptr,
};

use crate::{
    containers::{cell::List, weight::WeightLimit},
    shard::removed::RemovedShards,
};

/// Objects and empty cells that are to be dropped, and shards that are to be freed.
pub(crate) struct Pending<T> {
    pub(crate) objects: List<T>,
    pub(crate) empties: List<MaybeUninit<T>>,
    pub(crate) shards: RemovedShards<T>,
}

/// A [`Pending`] of any type. Dropping it drops each object once.
///
/// It is not a `Box<dyn Send>`, because that allocates, and a collect may be called because there
/// is no memory.
pub(crate) struct ErasedPending {
    objects: *mut (),
    empties: *mut (),
    /// The weight limit of the pool, or null if it has none.
    weight_limit: *const (),
    /// The number of objects.
    pub(crate) len: usize,
    drop: unsafe fn(*mut (), *mut (), *const ()),
}

// SAFETY: made from a `Pending<T>` with a `T` that is `Send`.
unsafe impl Send for ErasedPending {}

impl Drop for ErasedPending {
    fn drop(&mut self) {
        // SAFETY: these fields belong together, and are used once.
        unsafe { (self.drop)(self.objects, self.empties, self.weight_limit) };
    }
}

impl<T> Pending<T> {
    pub(crate) fn new() -> Self {
        Self { objects: List::new(), empties: List::new(), shards: RemovedShards::new() }
    }

    /// Takes out what can be dropped at any time: all but the shards.
    pub(crate) fn take(&mut self) -> Self {
        let objects = mem::take(&mut self.objects);
        let empties = mem::take(&mut self.empties);
        Self { objects, empties, shards: RemovedShards::new() }
    }
}

impl<T: Send> Pending<T> {
    /// Erases the type. There are no shards. If `T` borrows, the caller drops the result before the
    /// borrow ends. Returns `None` if there is nothing to drop.
    pub(crate) fn erase(self, weight_limit: Option<&WeightLimit<T>>) -> Option<ErasedPending> {
        let len = self.objects.len();
        let none = len == 0 && self.empties.len() == 0;
        (!none).then(|| ErasedPending {
            len,
            objects: self.objects.into_raw().cast(),
            empties: self.empties.into_raw().cast(),
            weight_limit: weight_limit.map_or(ptr::null(), |limit| limit.share().into_raw()),
            drop: Self::drop_raw,
        })
    }

    /// # Safety
    ///
    /// `objects` and `empties` came from `into_raw` of lists of these types, and `weight_limit`
    /// from that of a [`WeightLimit`], or it is null.
    unsafe fn drop_raw(objects: *mut (), empties: *mut (), weight_limit: *const ()) {
        // SAFETY: the caller's promise.
        unsafe {
            let _empties = List::<MaybeUninit<T>>::from_raw(empties.cast());
            let objects = List::<T>::from_raw(objects.cast());
            if let Some(limit) = WeightLimit::<T>::from_raw(weight_limit) {
                limit.drop_all(objects);
            }
        }
    }
}
