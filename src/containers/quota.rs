//! The bound on idle objects: units, of which every idle object holds one.
//!
//! A shard leases units for its private places a few at a time and keeps them while its objects
//! come and go, so that a hit does not look here. What a unit is for may change (a place of a
//! magazine, an object in a chain, in a victim list, on the shelf), their number never does.
//!
//! A unit that waits in one shard is missing in the others, so a shard has few private places where
//! there are few units, and none if there are hardly any: then all objects go to the chains.

use crate::sync::{AtomicUsize, Relaxed, test_size};

/// A shard may have one in so many of all units for its magazine. With fewer units there are no
/// private places.
pub(crate) const SHARE: usize = test_size(32, 1);

/// The units that nobody has leased, and how a shard may use them.
#[derive(Debug)]
pub(crate) struct Quota {
    left: AtomicUsize,
    limit: usize,
    bounded: bool,
    slots: bool,
    places: usize,
}

impl Quota {
    /// For a pool of up to `limit` idle objects (`usize::MAX` is no bound at all) whose magazines
    /// hold up to `places`.
    pub(crate) fn new(limit: usize, places: usize) -> Self {
        Self {
            left: AtomicUsize::new(limit),
            limit,
            bounded: limit != usize::MAX,
            slots: limit >= SHARE,
            places: places.min(limit / SHARE),
        }
    }

    /// The same, with no private places: every object that comes or goes is seen.
    pub(crate) fn without_places(self) -> Self {
        // bug: private places in a pool that weighs
        Self { bounded: true, slots: false, places: 0, ..self }
    }

    #[inline]
    pub(crate) fn bounded(&self) -> bool {
        self.bounded
    }

    /// Whether shards use their slots.
    #[inline]
    pub(crate) fn slots(&self) -> bool {
        self.slots
    }

    /// The places of a magazine.
    #[inline]
    pub(crate) fn places(&self) -> usize {
        self.places
    }

    /// The places that are open at first, in a pool without a bound.
    pub(crate) fn first_places(&self) -> usize {
        self.places / 2
    }

    /// How many objects move at a time between magazine and chain, and units between here and a
    /// shard.
    #[inline]
    pub(crate) fn batch(&self) -> usize {
        (self.places / 4).max(1)
    }

    /// Whether there are units to lease.
    pub(crate) fn has_room(&self) -> bool {
        self.left.load(Relaxed) > 0
    }

    /// Leases up to `wanted` units, and tells how many.
    #[inline]
    pub(crate) fn lease(&self, wanted: usize) -> usize {
        if !self.bounded {
            return wanted;
        }
        // Relaxed: units guard no memory, they are only counted.
        let take = |left: usize| (left > 0).then(|| left - wanted.min(left));
        // bug: units leased twice
        match self.left.fetch_update(Relaxed, Relaxed, take) {
            // bug: a lease of more than there is
            Ok(left) => wanted.min(left),
            Err(_) => 0,
        }
    }

    /// Counts anew: so many units are in use. Nobody else is at work.
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
