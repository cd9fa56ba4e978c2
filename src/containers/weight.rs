//! The bound on what idle objects weigh, for pools that have one.
//!
//! Every object is weighed when it comes, and again when it leaves or is dropped: what is idle does
//! not change. Weighing is user code, so that nothing is pinned or locked meanwhile.

use std::ptr::NonNull;

use super::cell::{CellBox, List};
use crate::{
    sync::{Acquire, AtomicUsize, Relaxed, Release, Untracked, UseAfterFreeCheck, fence},
    util::{panics::FirstPanic, try_alloc::try_box},
};

/// What a pool's idle objects weigh, and may weigh. It is shared by the pool and by what waits to be
/// dropped, since the pool may go in between: as by an `Arc`, but that there may be no memory for it.
pub(crate) struct WeightLimit<T>(NonNull<WeightState<T>>);

struct WeightState<T> {
    weigh: fn(&T) -> usize,
    most: usize,
    held: Untracked,
    /// How many share this.
    users: AtomicUsize,
    live_check: UseAfterFreeCheck,
}

// SAFETY: numbers that are atomic, and a function that any thread may call.
unsafe impl<T> Send for WeightLimit<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for WeightLimit<T> {}

impl<T> WeightLimit<T> {
    /// `None` if there is no memory.
    pub(crate) fn try_new(weigh: fn(&T) -> usize, most: usize) -> Option<Self> {
        let (held, users) = (Untracked::new(0), AtomicUsize::new(1));
        let live_check = UseAfterFreeCheck::new();
        // bug: scale that must have memory
        let shared = try_box(WeightState { weigh, most, held, users, live_check })?;
        Some(Self(NonNull::from(Box::leak(shared))))
    }

    /// One more handle.
    pub(crate) fn share(&self) -> Self {
        // Relaxed: it is not used before whoever gets it has it.
        self.shared().users.fetch_add(1, Relaxed);
        Self(self.0)
    }

    fn shared(&self) -> &WeightState<T> {
        // SAFETY: freed by the last `drop`.
        let shared = unsafe { self.0.as_ref() };
        shared.live_check.check();
        shared
    }

    pub(crate) fn into_raw(self) -> *const () {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw.cast()
    }

    /// # Safety
    ///
    /// From [`into_raw`](Self::into_raw) for the same type, of which the result takes the place; or
    /// null, which is `None`.
    pub(crate) unsafe fn from_raw(raw: *const ()) -> Option<Self> {
        NonNull::new(raw.cast_mut().cast()).map(Self)
    }

    /// What is idle now, and what is on its way to be dropped.
    pub(crate) fn held(&self) -> usize {
        self.shared().held.load(Relaxed)
    }

    /// Whether there is room for one more object, which is taken then.
    pub(crate) fn admit(&self, full: &CellBox<T>) -> bool {
        let shared = self.shared();
        let weight = (shared.weigh)(full.get());
        // bug: too heavy
        let add = |held: usize| held.checked_add(weight).filter(|&sum| sum <= shared.most);
        // Relaxed: weights guard no memory, they are only counted.
        shared.held.fetch_update(Relaxed, Relaxed, add).is_ok()
    }

    /// An object leaves.
    pub(crate) fn release(&self, full: &CellBox<T>) {
        let shared = self.shared();
        let weight = (shared.weigh)(full.get());
        // bug: weight not given back
        let less = |held: usize| Some(held.saturating_sub(weight));
        let _ = shared.held.fetch_update(Relaxed, Relaxed, less);
    }

    /// Drops objects that leave.
    pub(crate) fn drop_all(&self, mut objects: List<T>) {
        let mut panics = FirstPanic::new();
        while let Some(full) = objects.pop() {
            panics.guard(|| self.release(&full));
            panics.guard(|| drop(full));
        }
        panics.resume();
    }
}

impl<T> Drop for WeightLimit<T> {
    fn drop(&mut self) {
        // Release: pairs with the fence of the last one, so that it sees what all others did.
        // bug: scale freed by the first
        if self.shared().users.fetch_sub(1, Release) == 1 {
            // Pairs with the Release above.
            // bug: end of a scale that sees no other
            fence(Acquire);
            // SAFETY: made by `try_box`, and nobody else has it.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
