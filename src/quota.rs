//! The bound on idle objects: units, of which every idle object holds one.
//!
//! A shard leases units for its private places a few at a time and keeps them while its objects
//! come and go, so that a hit does not look here. What a unit is for may change (a place of a
//! magazine, an object in a chain, in a victim list, on the shelf), their number never does.

use crate::sync::{AtomicUsize, Relaxed};

/// The units that nobody has leased.
#[derive(Debug)]
pub(crate) struct Quota {
    left: AtomicUsize,
    limit: usize,
}

impl Quota {
    /// `usize::MAX` is no bound at all.
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: AtomicUsize::new(limit), limit }
    }

    pub(crate) fn bounded(&self) -> bool {
        self.limit != usize::MAX
    }

    /// Units to lease at a time: few where there are few, so that one seat does not starve others.
    pub(crate) fn lot(&self) -> usize {
        (self.limit / 32).clamp(1, 8)
    }

    /// Leases up to `wanted` units, and tells how many.
    pub(crate) fn lease(&self, wanted: usize) -> usize {
        if !self.bounded() {
            return wanted;
        }
        // Relaxed: units guard no memory, they are only counted.
        let take = |left: usize| (left > 0).then(|| left - wanted.min(left));
        match self.left.fetch_update(Relaxed, Relaxed, take) {
            Ok(left) => wanted.min(left),
            Err(_) => 0,
        }
    }

    /// Whether there are units to lease.
    pub(crate) fn has_room(&self) -> bool {
        self.left.load(Relaxed) > 0
    }

    /// Gives units back.
    pub(crate) fn release(&self, units: usize) {
        if self.bounded() && units > 0 {
            self.left.fetch_add(units, Relaxed);
        }
    }
}
