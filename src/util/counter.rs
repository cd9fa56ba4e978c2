//! A counter that costs little: one writer counts with a load and a store.

use crate::sync::{AtomicUsize, Relaxed};

/// A count that wraps. With words of 32 bits that takes seconds, so differences of counts are taken
/// modulo their size, and nothing depends on a single count but what is shown to the user.
#[derive(Debug)]
pub(crate) struct Counter(AtomicUsize);

impl Default for Counter {
    fn default() -> Self {
        Self(AtomicUsize::new(0))
    }
}

impl Counter {
    /// Adds 1. The calling thread is the only one that writes this counter.
    #[inline]
    pub(crate) fn count(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Adds `more`. Several threads may do so at once.
    #[inline]
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed) as u64
    }
}
