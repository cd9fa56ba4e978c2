//! Counting, where the users of a pool do not pay for it.

use crate::sync::{AtomicUsize, Relaxed};

/// What a pool has done since its first use: see [`Pool::stats`](crate::Pool::stats).
///
/// While other threads are at work each figure is right for some moment of the recent past, not all
/// for the same one. When nobody is, all are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stats {
    /// Objects that wait in the pool now.
    pub idle: u64,
    /// What those weigh, and victims that are just being dropped, in a pool with
    /// [`with_weight`](crate::Pool::with_weight) and
    /// [`with_max_idle_bytes`](crate::Pool::with_max_idle_bytes). 0 in others.
    pub idle_bytes: u64,
    /// Gets and takes, and tries at them, that found an idle object.
    pub hits: u64,
    /// Gets and takes, and tries at them, that found none.
    pub misses: u64,
    /// Hits that were fetched from what other threads had put, not counting victims.
    pub steals: u64,
    /// Hits on objects that had already aged by one collect.
    pub victim_hits: u64,
    /// Calls of `create`, by gets, takes and `reserve`.
    pub created: u64,
    /// Objects that the pool dropped: aged, cleared, over the bound, refused by `recycle`, discarded,
    /// or given back by a thread that was panicking.
    pub dropped: u64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// With an object from the shelf, or from the far end of the own chain.
    ShelfOrOwnTail,
    /// With an object of another shard.
    Steal,
    /// With a victim.
    Victim,
    /// With nothing.
    Nothing,
}

/// A set of counters: one a shard, written by its owner alone, and one a pool for the rest.
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
    /// Counts, as the only thread that does.
    #[inline]
    pub(crate) fn count(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Counts, as one of several threads.
    #[inline]
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed) as u64
    }
}

impl Counters {
    /// The counter that goes with the end of a search.
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
