//! What threads that look for private objects have seen of an owner's activity.

use crate::{
    sync::{AtomicUsize, Relaxed},
    util::coarse_clock,
};

/// For how many milliseconds an owner counts as active after it was seen to hit. It may have lost
/// the processor in the meantime.
const ACTIVE_FOR: usize = 100;

pub(super) struct Activity {
    /// The owner's hits at the last look. They wrap, and may be the same by chance: then an active owner
    /// counts as inactive until the next look.
    hits: AtomicUsize,
    /// When they were last seen to have changed.
    changed_at: AtomicUsize,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { hits: AtomicUsize::new(0), changed_at: AtomicUsize::new(0) }
    }

    /// Returns whether an owner with this number of hits is active.
    pub(super) fn is_active(&self, hits: usize) -> bool {
        if self.hits.load(Relaxed) == hits {
            return coarse_clock::since(self.changed_at.load(Relaxed)) < ACTIVE_FOR;
        }
        self.hits.store(hits, Relaxed);
        self.changed_at.store(coarse_clock::millis(), Relaxed);
        true
    }
}
