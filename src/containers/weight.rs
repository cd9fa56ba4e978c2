//! The bound on the total weight of idle objects, for pools that have one.
//!
//! Every object is weighed when the pool keeps it, and again when it leaves the pool or is dropped,
//! except for those that a thread takes by a hit, whose weight stays reserved while they are lent.
//! An idle object does not change, so both weights are the same. The weight function is user code,
//! so nothing is pinned or locked while it runs.

use std::ptr::NonNull;

use super::cell::{CellBox, List};
use crate::{
    sync::{Acquire, AtomicUsize, Relaxed, Release, Untracked, UseAfterFreeCheck, fence},
    util::{panics::FirstPanic, try_alloc::try_box},
};

/// The total weight of a pool's idle objects, and its limit: a handle to shared state, like an
/// `Arc` whose allocation may fail. The pool has a handle, and so have objects that wait to be
/// dropped, which may outlive the pool.
pub(crate) struct WeightLimit<T>(NonNull<WeightState<T>>);

struct WeightState<T> {
    weigh: fn(&T) -> usize,
    most: usize,
    held: Untracked,
    /// The number of handles. Each is in memory, of which it takes more than a byte.
    users: AtomicUsize,
    live_check: UseAfterFreeCheck,
}

// SAFETY: the state consists of atomics, constants and a function that any thread may call.
unsafe impl<T> Send for WeightLimit<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for WeightLimit<T> {}

impl<T> WeightLimit<T> {
    /// Returns a limit of `most` for objects weighed by `weigh`, or `None` if there is no memory.
    pub(crate) fn try_new(weigh: fn(&T) -> usize, most: usize) -> Option<Self> {
        let (held, users) = (Untracked::new(0), AtomicUsize::new(1));
        let live_check = UseAfterFreeCheck::new();
        // bug: weight state that must have memory
        let shared = try_box(WeightState { weigh, most, held, users, live_check })?;
        Some(Self(NonNull::from(Box::leak(shared))))
    }

    /// Returns one more handle.
    pub(crate) fn share(&self) -> Self {
        // Relaxed, as in `Arc::clone`: `self` keeps the state alive, and passing the handle to
        // another thread orders its later uses.
        self.shared().users.fetch_add(1, Relaxed);
        Self(self.0)
    }

    fn shared(&self) -> &WeightState<T> {
        // SAFETY: freed by the `drop` of the last handle.
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
    /// `raw` came from [`into_raw`](Self::into_raw) for the same `T`, and ownership passes to the
    /// result; or `raw` is null, and the result is `None`.
    pub(crate) unsafe fn from_raw(raw: *const ()) -> Option<Self> {
        NonNull::new(raw.cast_mut().cast()).map(Self)
    }

    /// Returns the total weight of the idle objects and of those that wait to be dropped.
    pub(crate) fn held(&self) -> usize {
        self.shared().held.load(Relaxed)
    }

    /// Returns the weight of an object. This calls user code.
    pub(crate) fn weigh(&self, object: &T) -> usize {
        (self.shared().weigh)(object)
    }

    /// Returns whether an object of this weight may be kept at all.
    pub(crate) fn allows(&self, weight: usize) -> bool {
        weight <= self.shared().most
    }

    /// Adds `weight` if the sum stays within the limit. Returns whether it did.
    pub(crate) fn add(&self, weight: usize) -> bool {
        let shared = self.shared();
        add(&shared.held, weight, shared.most)
    }

    /// Subtracts `weight`.
    pub(crate) fn sub(&self, weight: usize) {
        if weight > 0 {
            sub(&self.shared().held, weight);
        }
    }

    /// Subtracts the weight of an object that leaves the pool.
    pub(crate) fn release(&self, full: &CellBox<T>) {
        self.sub(self.weigh(full.get()));
    }

    /// Subtracts the weights of `objects` and drops them.
    pub(crate) fn drop_all(&self, mut objects: List<T>) {
        let mut panics = FirstPanic::new();
        while let Some(full) = objects.pop() {
            panics.guard(|| self.release(&full));
            panics.guard(|| drop(full));
        }
        panics.resume();
    }
}

/// Adds `weight` to the sum `held` if it stays within `most`. Returns whether it did.
fn add(held: &Untracked, weight: usize, most: usize) -> bool {
    // bug: object above the weight limit kept
    let add = |held: usize| held.checked_add(weight).filter(|&sum| sum <= most);
    // Relaxed: weights are only counted; they guard no memory.
    held.fetch_update(Relaxed, Relaxed, add).is_ok()
}

/// Subtracts `weight` from the sum `held`.
fn sub(held: &Untracked, weight: usize) {
    // bug: weight not given back
    let less = |held: usize| Some(held.saturating_sub(weight));
    let _ = held.fetch_update(Relaxed, Relaxed, less);
}

impl<T> Drop for WeightLimit<T> {
    fn drop(&mut self) {
        // Release: pairs with the fence in the `drop` of the last handle, so that it sees what the
        // users of all other handles did.
        // bug: weight state freed by the first handle
        if self.shared().users.fetch_sub(1, Release) == 1 {
            // Acquire: pairs with the Release of the decrement above, in all other handles.
            // bug: weight state freed without acquire
            fence(Acquire);
            // SAFETY: allocated by `try_box`, and this was the last handle.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
