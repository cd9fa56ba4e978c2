//! The bound on idle objects: a unit is the right to keep one idle object.
//!
//! A shard leases units for its private places, a few at a time, and keeps them while its objects
//! come and go, so that a hit does not access the quota. A unit may change its use (a place of a
//! magazine, an object in a chain, in a victim list, on the shelf); the number of units never
//! changes. A thread that finds no unit left recalls those that other shards have leased and do not
//! use.
//!
//! Several quotas may share a bound. Then each unit that one of them leases is one of the
//! [`CommonUnits`] too, and goes back there.

use std::sync::Arc;

use crate::sync::{AtomicUsize, Relaxed};

/// The units that are not leased, and how a shard may use units.
#[derive(Debug)]
pub(crate) struct Quota {
    left: AtomicUsize,
    limit: usize,
    bounded: bool,
    slots: bool,
    places: u32,
    common: Option<Arc<CommonUnits>>,
}

/// The units that several quotas share and have not leased.
#[derive(Debug)]
pub(crate) struct CommonUnits {
    left: AtomicUsize,
}

impl CommonUnits {
    /// Returns `limit` units.
    #[cfg(any(feature = "bytes", test))]
    #[allow(dead_code, reason = "unused in schedules")]
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: AtomicUsize::new(limit) }
    }
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
            common: None,
        }
    }

    /// Returns the same quota, whose units are some of `common`, if there is any.
    pub(crate) fn within(self, common: Option<Arc<CommonUnits>>) -> Self {
        Self { bounded: self.bounded || common.is_some(), common, ..self }
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
        let has_room = |common: &Arc<CommonUnits>| common.left.load(Relaxed) > 0;
        self.left.load(Relaxed) > 0 && self.common.as_ref().is_none_or(has_room)
    }

    /// Leases up to `wanted` units. Returns how many.
    #[inline]
    pub(crate) fn lease(&self, wanted: usize) -> usize {
        if !self.bounded {
            return wanted;
        }
        let Some(common) = &self.common else { return take(&self.left, wanted) };
        // bug: bound of several pools ignored
        let most = take(&common.left, wanted);
        let leased = take(&self.left, most);
        common.left.fetch_add(most - leased, Relaxed);
        leased
    }

    /// Sets the number of units in use to `used`. No other thread uses the pool.
    ///
    /// Common units that another thread had just then taken for a lease, or was giving back, are lost.
    pub(crate) fn recount(&self, used: usize) {
        let left = self.limit.saturating_sub(used);
        let before = self.left.swap(left, Relaxed);
        if let Some(common) = &self.common {
            common.left.fetch_add(left.wrapping_sub(before), Relaxed);
        }
    }

    /// Gives units back.
    #[inline]
    pub(crate) fn release(&self, units: usize) {
        if self.bounded && units > 0 {
            self.left.fetch_add(units, Relaxed);
            // bug: common units lost
            self.common.iter().for_each(|common| _ = common.left.fetch_add(units, Relaxed));
        }
    }
}

/// Takes up to `wanted` of the units that are `left`. Returns how many.
fn take(left: &AtomicUsize, wanted: usize) -> usize {
    // Relaxed: units are only counted; they guard no memory.
    let take = |left: usize| (left > 0).then(|| left - wanted.min(left));
    // bug: units leased twice
    match left.fetch_update(Relaxed, Relaxed, take) {
        // bug: more units leased than exist
        Ok(left) => wanted.min(left),
        Err(_) => 0,
    }
}
