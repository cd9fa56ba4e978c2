//! What a buffer pool tells about itself.

use crate::util::counters::Stats;

/// What a buffer pool holds and has done since its first use: see
/// [`BufferPool::stats`](super::BufferPool::stats).
///
/// While other threads are at work each figure is right for some moment of the recent past, not all
/// for the same one. When nobody is, all are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BufferStats {
    /// Buffers that wait in the pool now.
    pub idle: u64,
    /// What those hold, at least: each counts with the size of its class. One that its user has
    /// grown may hold up to twice as much.
    pub idle_bytes: u64,
    /// Buffers on loan, those among them that are frozen.
    pub outstanding: u64,
    /// What those held when they were lent, at least: of a class that class's size, and what was
    /// [adopted](super::BufferPool::adopt) or larger than the pool keeps in whole KiB. The smallest
    /// slice of a frozen buffer keeps all of it.
    pub outstanding_bytes: u64,
    /// Requests that found an idle buffer.
    pub hits: u64,
    /// Requests that found none.
    pub misses: u64,
    /// Hits that were fetched from what other threads had given back.
    pub steals: u64,
    /// Hits on buffers that had already aged by one collect.
    pub victim_hits: u64,
    /// Buffers that the pool made: one for each miss.
    pub created: u64,
    /// Buffers that were handed over by [`adopt`](super::BufferPool::adopt).
    pub adopted: u64,
    /// Buffers that the pool dropped, for whatever reason.
    pub dropped: u64,
    /// Those that were dropped because they held more than the pool keeps.
    pub oversize: u64,
    /// Those that were dropped because too little of them was used.
    pub underused: u64,
}

impl BufferStats {
    /// Adds what a class has done, whose buffers have this size. It makes one where a request finds
    /// none, however many classes are looked at.
    pub(super) fn add(&mut self, class: Stats, size: u64) {
        self.idle += class.idle;
        self.idle_bytes += class.idle * size;
        self.hits += class.hits;
        self.misses += class.created;
        self.steals += class.steals;
        self.victim_hits += class.victim_hits;
        self.created += class.created;
        self.dropped += class.dropped;
    }
}
