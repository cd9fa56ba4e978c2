//! Counters of a pool, kept where they cost a hit next to nothing.

use crate::sync::{AtomicUsize, Relaxed};

/// Counters of a pool, returned by [`Pool::stats`](crate::Pool::stats). Except for
/// [`idle`](Self::idle) and [`idle_bytes`](Self::idle_bytes), which are current values, they count
/// from the pool's first use.
///
/// While other threads use the pool, each figure was correct at some recent moment, but not all at
/// the same one. When no other thread does, all are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stats {
    /// Objects that are idle in the pool now.
    pub idle: u64,
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
    /// Calls of `create`, by `get`, `take` and `reserve`.
    pub created: u64,
    /// Objects that the pool dropped because they had aged, were cleared, exceeded the bound, were
    /// refused by `recycle` or discarded, or were returned by a panicking thread.
    pub dropped: u64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// With an object from the shelf, or from the tail of the calling thread's own chain.
    ShelfOrOwnTail,
    /// With an object from another shard.
    Steal,
    /// With a victim.
    Victim,
    /// With nothing.
    Nothing,
}

/// A set of counters. Each shard has one, which only its owner writes; each pool has one for
/// threads without a shard.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    others: Counter,
    steals: Counter,
    victims: Counter,
    misses: Counter,
    pub(crate) created: Counter,
}

/// A count that may wrap.
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

impl Counters {
    /// Returns the counter for a search that ended with `found`.
    #[inline]
    pub(crate) fn for_result(&self, found: Found) -> &Counter {
        match found {
            Found::ShelfOrOwnTail => &self.others,
            Found::Steal => &self.steals,
            Found::Victim => &self.victims,
            Found::Nothing => &self.misses,
        }
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        let (steals, victims) = (self.steals.get(), self.victims.get());
        stats.hits += self.others.get() + steals + victims;
        stats.steals += steals;
        stats.victim_hits += victims;
        stats.misses += self.misses.get();
        stats.created += self.created.get();
    }
}
