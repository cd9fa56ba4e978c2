//! What a collect has taken out of pools and has yet to drop.

use std::{mem::MaybeUninit, ptr};

use crate::containers::{cell::List, weight::WeightLimit};

/// Objects and empty cells that are to be dropped.
pub(crate) struct Pending<T> {
    pub(crate) objects: List<T>,
    pub(crate) empties: List<MaybeUninit<T>>,
}

/// The remains of a pool of any kind. Dropping them drops each object once.
///
/// Not a `Box<dyn Send>`, which takes memory: a collect may be called because there is none.
pub(crate) struct ErasedPending {
    objects: *mut (),
    empties: *mut (),
    /// Of a pool that weighs, or null.
    weight_limit: *const (),
    drop: unsafe fn(*mut (), *mut (), *const ()),
}

// SAFETY: made of `Pending<T>` with a `T` that is `Send`.
unsafe impl Send for ErasedPending {}

impl Drop for ErasedPending {
    fn drop(&mut self) {
        // SAFETY: the four belong together, and are used once.
        unsafe { (self.drop)(self.objects, self.empties, self.weight_limit) };
    }
}

impl<T> Pending<T> {
    pub(crate) fn new() -> Self {
        Self { objects: List::new(), empties: List::new() }
    }
}

impl<T: Send + 'static> Pending<T> {
    pub(crate) fn erase(self, weight_limit: Option<&WeightLimit<T>>) -> Option<ErasedPending> {
        let none = self.objects.len() == 0 && self.empties.len() == 0;
        (!none).then(|| ErasedPending {
            objects: self.objects.into_raw().cast(),
            empties: self.empties.into_raw().cast(),
            weight_limit: weight_limit.map_or(ptr::null(), |limit| limit.share().into_raw()),
            drop: Self::drop_raw,
        })
    }

    /// # Safety
    ///
    /// The two came from `into_raw` of lists with these types, and the third from that of a scale, or
    /// it is null.
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
