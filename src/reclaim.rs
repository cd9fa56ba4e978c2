//! When the memory of an unlinked ring may go: a thin face of `crossbeam-epoch`, for cold paths.
//!
//! Reclamation frees memory and never a `T`: a ring is empty when it is retired.

#![cfg_attr(all(test, loom), allow(dead_code))]

use crate::ring::Ring;

/// Keeps every ring that its holder can still reach in memory.
pub(crate) struct Guard(crossbeam_epoch::Guard);

pub(crate) fn pin() -> Guard {
    Guard(crossbeam_epoch::pin())
}

impl Guard {
    /// Frees `ring` once no thread that might have seen it is pinned.
    ///
    /// # Safety
    ///
    /// `ring` came from `Box::into_raw`, is out of reach for whoever pins from now on, and is
    /// retired once.
    pub(crate) unsafe fn retire<T>(&self, ring: *mut Ring<T>) {
        // SAFETY: the caller's promise is the one that is asked for. The closure owns no `T`, so it
        // may outlive every borrow in it and run on any thread.
        unsafe { self.0.defer_unchecked(move || drop(Box::from_raw(ring))) };
    }
}
