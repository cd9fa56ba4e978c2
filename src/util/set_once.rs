//! A place for something that is made at first need, and never replaced.

use crate::sync::{AcqRel, Acquire, AtomicPtr};

/// Stores `new` in `place`, which holds `empty` until then. If another thread was quicker, frees `new`.
/// Returns what the place holds from now on. Threads read the place with Acquire.
pub(crate) fn set_once<T>(place: &AtomicPtr<T>, empty: *mut T, new: Box<T>) -> *mut T {
    let new = Box::into_raw(new);
    // Release: pairs with the Acquire of those that read the place. Acquire: pairs with the Release of a
    // quicker thread.
    // bug: made without release
    match place.compare_exchange(empty, new, AcqRel, Acquire) {
        Ok(_) => new,
        Err(made) => {
            // SAFETY: from the `Box` above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(new) });
            made
        }
    }
}
