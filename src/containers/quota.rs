//! The bound on idle objects: a unit is the right to keep one idle object.
//!
//! A shard leases units for its private places, a few at a time, and keeps them while its objects
//! come and go, so that a hit does not access the quota. A unit may change its use (a place of a
//! magazine, an object in a chain, in a victim list, on the shelf); the number of units never
//! changes. A thread that finds no unit left recalls those that other shards have leased and do not
//! use.

use crate::sync::{AtomicUsize, Relaxed};

/// The units that are not leased, and how a shard may use units.
#[derive(Debug)]
pub(crate) struct Quota {
    left: AtomicUsize,
    limit: usize,
    bounded: bool,
    slots: bool,
    places: u32,
}

impl Quota {
    /// Returns the quota of a pool with up to `limit` idle objects (`usize::MAX`: no bound), whose
    /// magazines hold up to `places` objects.
    pub(crate) fn new(limit: usize, places: usize) -> Self {
        Self {
            left: AtomicUsize::new(limit),
            limit,
            bounded: limit != usize::MAX,
            slots: limit > 0,
            places: u32::try_from(places.min(limit)).expect("a magazine is small"),
        }
    }

    /// Returns the same quota for a pool that weighs its objects, whose shards use their slots by
    /// operations of their own.
    pub(crate) fn weighed(self) -> Self {
        // bug: private places in a pool that weighs
        Self { bounded: true, slots: false, places: 0, ..self }
    }

    #[inline]
    pub(crate) fn bounded(&self) -> bool {
        self.bounded
    }

    /// Returns whether shards use their slots.
    #[inline]
    pub(crate) fn slots(&self) -> bool {
        self.slots
    }

    /// Returns the most objects that a magazine may hold.
    #[inline]
    pub(crate) fn places(&self) -> usize {
        self.places as usize
    }

    /// Returns how many objects move at a time between magazine and chain, and how many units
    /// between the quota and a shard.
    #[inline]
    pub(crate) fn batch(&self) -> usize {
        (self.places() / 4).max(1)
    }

    /// Returns the most idle objects that the pool may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns whether there are units to lease.
    pub(crate) fn has_room(&self) -> bool {
        self.left.load(Relaxed) > 0
    }

    /// Leases up to `wanted` units. Returns how many.
    #[inline]
    pub(crate) fn lease(&self, wanted: usize) -> usize {
        if !self.bounded {
            return wanted;
        }
        // Relaxed: units are only counted; they guard no memory.
        let take = |left: usize| (left > 0).then(|| left - wanted.min(left));
        // bug: units leased twice
        match self.left.fetch_update(Relaxed, Relaxed, take) {
            // bug: more units leased than exist
            Ok(left) => wanted.min(left),
            Err(_) => 0,
        }
    }

    /// Sets the number of units in use to `used`. No other thread uses the pool.
    pub(crate) fn recount(&self, used: usize) {
        self.left.store(self.limit.saturating_sub(used), Relaxed);
    }

    /// Gives units back.
    #[inline]
    pub(crate) fn release(&self, units: usize) {
        if self.bounded && units > 0 {
            self.left.fetch_add(units, Relaxed);
        }
    }
}
