//! The statistics of a pool.

use super::{
    counters::{Counters, Found},
    drops::{Drops, Reason, rest},
};

/// Counters of a pool, returned by [`Pool::stats`](crate::Pool::stats). Except for
/// [`idle`](Self::idle), [`outstanding`](Self::outstanding) and [`idle_bytes`](Self::idle_bytes), which
/// are current values, they count from the pool's first use.
///
/// While other threads use the pool, each figure was correct at some recent moment, but not all at
/// the same one. When no other thread does, all are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stats {
    /// Objects that are idle in the pool now.
    pub idle: u64,
    /// Objects that are out of the pool now: in guards, or taken by value.
    ///
    /// An object that is [detached](crate::Pooled::detach) or [drained](crate::Pool::drain) is not
    /// counted any more. One that is taken by value counts until an object is
    /// [put](crate::Pool::put) in its stead.
    pub outstanding: u64,
    /// The total weight of the idle objects, and of victims that are being dropped, in a pool with
    /// [`with_weight`](crate::Pool::with_weight) and
    /// [`with_max_idle_bytes`](crate::Pool::with_max_idle_bytes); 0 in other pools.
    pub idle_bytes: u64,
    /// Calls of `get`, `take` and their `try_` forms that found an idle object.
    pub hits: u64,
    /// Calls of `get`, `take` and their `try_` forms that found none.
    pub misses: u64,
    /// Hits on objects stolen from those that other threads had put, not counting victims.
    pub steals: u64,
    /// Hits on victims: objects that had stayed idle through one collect.
    pub victim_hits: u64,
    /// Objects made by the pool's manager, or by the closures of [`get_or`](crate::Pool::get_or) and
    /// [`get_or_try`](crate::Pool::get_or_try).
    pub created: u64,
    /// Objects that the pool dropped, for any of the reasons below: the sum of their counts. Objects
    /// that are dropped together with the pool do not count.
    pub dropped: u64,
    /// Objects that were dropped by a [`collect`](crate::collect()) or a [`trim`](crate::Pool::trim),
    /// because they had been idle for too long.
    pub dropped_aged: u64,
    /// Objects that were dropped by [`clear`](crate::Pool::clear).
    pub dropped_cleared: u64,
    /// Objects for which there was no room: the pool was at its bound, or there was no memory.
    pub dropped_full: u64,
    /// Objects that `recycle` has refused, or during whose `recycle` or `weight` a panic occurred.
    pub dropped_refused: u64,
    /// Objects that were [discarded](crate::Pooled::discard).
    pub dropped_discarded: u64,
    /// Objects whose guards were dropped by a thread that was panicking.
    pub dropped_panicking: u64,
    /// How often the pool has aged: by a collect of all pools, by [`trim`](crate::Pool::trim) or by
    /// [`clear`](crate::Pool::clear).
    pub collects: u64,
}

impl Stats {
    pub(crate) fn add(&mut self, counters: &Counters) {
        let count = |found| counters.for_result(found).get();
        let (steals, victims) = (count(Found::Steal), count(Found::Victim));
        self.hits += count(Found::ShelfOrOwnTail) + steals + victims;
        self.steals += steals;
        self.victim_hits += victims;
        self.misses += count(Found::Nothing);
        self.created += counters.created.get();
    }

    /// Sets what was dropped.
    pub(crate) fn set_drops(&mut self, drops: &Drops) {
        self.dropped_cleared = drops.of(Reason::Cleared);
        self.dropped_full = drops.of(Reason::Full);
        self.dropped_refused = drops.of(Reason::Refused);
        self.dropped_discarded = drops.of(Reason::Discarded);
        self.dropped_panicking = drops.of(Reason::Panicking);
        self.dropped = drops.sum();
        // `dropped_aged` is still 0.
        self.dropped_aged = rest(self.dropped, self.drops().map(|(_, count)| count));
    }

    /// Adds all that is counted in `other`, but not its current values.
    #[cfg(feature = "metrics")]
    pub(crate) fn add_counts(&mut self, other: &Self) {
        let sums = [
            (&mut self.hits, other.hits),
            (&mut self.misses, other.misses),
            (&mut self.steals, other.steals),
            (&mut self.victim_hits, other.victim_hits),
            (&mut self.created, other.created),
            (&mut self.dropped, other.dropped),
            (&mut self.dropped_aged, other.dropped_aged),
            (&mut self.dropped_cleared, other.dropped_cleared),
            (&mut self.dropped_full, other.dropped_full),
            (&mut self.dropped_refused, other.dropped_refused),
            (&mut self.dropped_discarded, other.dropped_discarded),
            (&mut self.dropped_panicking, other.dropped_panicking),
            (&mut self.collects, other.collects),
        ];
        sums.into_iter().for_each(|(sum, count)| *sum = sum.wrapping_add(count));
    }

    /// Returns the number of objects that were dropped for each reason, which has a name.
    pub(crate) fn drops(&self) -> [(&'static str, u64); 6] {
        [
            ("aged", self.dropped_aged),
            ("cleared", self.dropped_cleared),
            ("full", self.dropped_full),
            ("refused", self.dropped_refused),
            ("discarded", self.dropped_discarded),
            ("panicking", self.dropped_panicking),
        ]
    }
}
