//! How many objects a pool has dropped, and why. Only slow paths count here.

use std::ptr::{self, NonNull};

use crate::{
    sync::{Acquire, AtomicPtr, Relaxed},
    util::{counter::Counter, set_once::set_once, try_alloc::try_box, wrapped::not_below_zero},
};

/// Why a pool drops an object, if not because it was idle for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The pool was cleared.
    Cleared,
    /// There was no room: the pool is at its bound, or there is no memory.
    Full,
    /// A hook has refused it, or has panicked.
    Refused,
    /// Its holder has discarded it.
    Discarded,
    /// Its holder was panicking.
    Panicking,
}

const REASONS: usize = 5;

/// The number of objects that were dropped for each reason.
type Counts = [Counter; REASONS];

/// The number of objects that a pool has dropped. The counts for the reasons are in memory of their own,
/// which the first of them allocates: most pools drop objects only because these have aged.
pub(crate) struct Drops {
    /// For whichever reason.
    all: Counter,
    /// Null until it is needed.
    counts: AtomicPtr<Counts>,
}

impl Drops {
    pub(crate) fn new() -> Self {
        Self { all: Counter::default(), counts: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Allocates the memory for the counts, unless there is none. Without it, objects count as aged.
    pub(crate) fn prepare(&self) {
        if self.counts().is_none() {
            if let Some(new) = try_box(Counts::default()) {
                set_once(&self.counts, ptr::null_mut(), new);
            }
        }
    }

    /// Counts an object. Allocates.
    pub(crate) fn count(&self, reason: Reason) {
        self.prepare();
        self.add(1, Some(reason));
    }

    /// Counts objects: those that have aged, if there is no reason. Allocates nothing: if there is one,
    /// [`prepare`](Self::prepare) was called. `objects` may be a negative number, which wraps.
    pub(crate) fn add(&self, objects: usize, reason: Option<Reason>) {
        self.all.add(objects);
        if let Some((reason, counts)) = reason.zip(self.counts()) {
            // bug: reason of a drop not counted
            counts[reason as usize].add(objects);
        }
    }

    /// Returns the number of objects that were dropped. It wraps.
    pub(crate) fn sum(&self) -> u64 {
        self.all.get()
    }

    /// Returns the number of objects that were dropped for this reason.
    pub(crate) fn of(&self, reason: Reason) -> u64 {
        self.counts().map_or(0, |counts| counts[reason as usize].get())
    }

    fn counts(&self) -> Option<&Counts> {
        // Acquire: pairs with the Release in `set_once`.
        // SAFETY: made from a `Box` by `prepare`, and freed by our `drop` alone.
        unsafe { self.counts.load(Acquire).as_ref() }
    }
}

/// Returns how many of `all` objects are none of the `others`. The counts may have been read at different
/// moments, and each may have wrapped.
pub(crate) fn rest(all: u64, others: impl IntoIterator<Item = u64>) -> u64 {
    let less = |rest: usize, other: u64| rest.wrapping_sub(other as usize);
    not_below_zero(others.into_iter().fold(all as usize, less)) as u64
}

impl Drop for Drops {
    fn drop(&mut self) {
        if let Some(counts) = NonNull::new(self.counts.load(Relaxed)) {
            // SAFETY: made from a `Box`, and freed once.
            drop(unsafe { Box::from_raw(counts.as_ptr()) });
        }
    }
}
