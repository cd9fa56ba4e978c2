//! The statistics of a buffer pool.

use crate::pool::stats::Stats;

/// What a buffer pool holds now and has done since its first use, as returned by
/// [`BufferPool::stats`](super::BufferPool::stats).
///
/// While other threads use the pool, each figure is right for some recent moment, but not all for
/// the same one. While no other thread does, all figures are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BufferStats {
    /// Idle buffers, now.
    pub idle: u64,
    /// Lower bound on the capacity of the idle buffers, in bytes: each counts as the size of its
    /// class. A buffer that has grown may hold up to twice as much.
    pub idle_bytes: u64,
    /// Buffers on loan, now, including frozen ones.
    pub outstanding: u64,
    /// Lower bound on the capacity of the buffers on loan, in bytes, when they were lent: each
    /// counts as the size of its class, or as its capacity in whole KiB if it was
    /// [adopted](super::BufferPool::adopt) or is larger than the pool keeps. A frozen buffer counts
    /// in full as long as any slice of it exists.
    pub outstanding_bytes: u64,
    /// Requests that found an idle buffer.
    pub hits: u64,
    /// Requests that found none.
    pub misses: u64,
    /// Hits on buffers that were taken from what other threads had given back.
    pub steals: u64,
    /// Hits on buffers that had already been idle through one collect.
    pub victim_hits: u64,
    /// Buffers that the pool created: one for each miss.
    pub created: u64,
    /// Buffers that were passed to [`adopt`](super::BufferPool::adopt).
    pub adopted: u64,
    /// Buffers that the pool dropped, for any reason.
    pub dropped: u64,
    /// Buffers that were dropped because their capacity was larger than the pool keeps.
    pub oversize: u64,
    /// Buffers that were dropped because too little of their capacity was used.
    pub underused: u64,
}

impl BufferStats {
    /// Adds the statistics of one class, whose buffers have `size` bytes. A request may search two
    /// classes, but it creates at most one buffer, so `created` is the number of misses.
    pub(super) fn add(&mut self, class: Stats, size: u64) {
        self.idle += class.idle;
        self.idle_bytes += class.idle * size;
        self.outstanding += class.outstanding;
        self.outstanding_bytes += class.outstanding * size;
        self.hits += class.hits;
        self.misses += class.created;
        self.steals += class.steals;
        self.victim_hits += class.victim_hits;
        self.created += class.created;
        self.dropped += class.dropped;
    }
}
