//! The bound on what idle objects weigh, for pools that have one.
//!
//! Every object is weighed when it comes, and again when it leaves or is dropped: what is idle does
//! not change. Weighing is user code, so that nothing is pinned or locked meanwhile.

use crate::{
    cell::{Full, List},
    panics::FirstPanic,
    sync::{Plain, Relaxed},
};

/// What a pool's idle objects weigh, and may weigh.
pub(crate) struct Scale<T> {
    weigh: fn(&T) -> usize,
    most: usize,
    held: Plain,
}

impl<T> Scale<T> {
    pub(crate) fn new(weigh: fn(&T) -> usize, most: usize) -> Self {
        Self { weigh, most, held: Plain::new(0) }
    }

    /// What is idle now, and what is on its way to be dropped.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// Whether there is room for one more object, which is taken then.
    pub(crate) fn admit(&self, full: &Full<T>) -> bool {
        let weight = (self.weigh)(full.get());
        let add = |held: usize| held.checked_add(weight).filter(|&sum| sum <= self.most);
        // Relaxed: weights guard no memory, they are only counted.
        self.held.fetch_update(Relaxed, Relaxed, add).is_ok()
    }

    /// An object leaves.
    pub(crate) fn release(&self, full: &Full<T>) {
        let weight = (self.weigh)(full.get());
        let less = |held: usize| Some(held.saturating_sub(weight));
        let _ = self.held.fetch_update(Relaxed, Relaxed, less);
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
