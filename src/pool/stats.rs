//! The statistics of a pool.

use super::core::Core;
use crate::shard::counters::{Counters, Found};

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
    /// Objects that the pool dropped because they had aged, were cleared, exceeded the bound, were
    /// refused by `recycle` or discarded, or were returned by a panicking thread.
    pub dropped: u64,
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
}

impl<T> Core<T> {
    /// Returns the number of the pool's objects, in it or outstanding, of which `created` were created.
    pub(super) fn objects(&self, created: u64) -> u64 {
        // Each counter wraps, and so does their difference, which is far smaller than they are.
        let gone = self.dropped.get().wrapping_add(self.left.get());
        // bug: counters do not wrap
        let objects = created.wrapping_sub(gone) as usize as isize;
        // Below 0 only while threads are at work, or if values were put that the pool has not made.
        objects.max(0) as u64
    }

    /// Returns the sums of the counters, and counts the idle objects.
    pub(crate) fn stats(&self) -> Stats {
        let (dropped, hits) = (self.dropped.get(), self.hits.get());
        let mut stats = Stats { dropped, hits, ..Stats::default() };
        stats.add(&self.counters);
        let mut weight = self.weight_limit.as_ref().map_or(0, |limit| limit.held());
        for shard in self.shards(&self.seats.read(None)) {
            stats.hits += shard.hits() as u64;
            stats.idle += shard.idle() as u64;
            stats.add(&shard.shared.counters);
            weight = weight.saturating_sub(shard.private.unused_weight());
        }
        stats.idle += self.shelf.len() as u64;
        // Objects that other threads move meanwhile may have been counted twice.
        stats.idle = stats.idle.min(self.quota.limit() as u64);
        stats.idle_bytes = weight as u64;
        stats.outstanding = self.objects(stats.created).saturating_sub(stats.idle);
        stats
    }
}
