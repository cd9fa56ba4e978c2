//! How the statistics of a pool are gathered.

use super::core::Core;
pub use crate::shard::stats::Stats;
use crate::sync::Relaxed;

impl<T> Core<T> {
    /// Returns the number of the pool's objects, in it or outstanding, of which `created` were created.
    pub(super) fn objects(&self, created: u64) -> u64 {
        // Each counter wraps, and so does their difference, which is far smaller than they are.
        let gone = self.drops.sum().wrapping_add(self.left.get());
        // bug: counters do not wrap
        let objects = created.wrapping_sub(gone) as usize as isize;
        // Below 0 only while threads are at work, or if values were put that the pool has not made.
        objects.max(0) as u64
    }

    /// Returns the sums of the counters, and counts the idle objects.
    pub(crate) fn stats(&self) -> Stats {
        let collects = u64::from(self.generation.load(Relaxed));
        let mut stats = Stats { collects, ..Stats::default() };
        stats.set_drops(&self.drops);
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
