//! The model of a pool: what a pool must do, independent of its layout.

use std::collections::BTreeMap;

use crate::pool::stats::Stats;

/// A pool as its users see it: which objects are idle, and since when.
///
/// A *step* is a collect, a trim or a clear, as this pool sees it. A step drops an object exactly
/// if it has been idle since before the previous step. Late seats weaken this, in these ways only:
///
/// * A step skips the shards of seats that are pinned. Their private objects, and those in the
///   chain that was primary, stay behind. If the shard catches up before the next step, or the next
///   step reaches it, the objects are dropped on time. Otherwise they are *overdue*, and are
///   dropped by the step that reaches the shard, or by the first one after the owner has caught up.
/// * Thieves know a chain's generation by its parity. In a shard that is behind by an even number
///   of steps, overdue objects look fresh, and a search that finds them takes a batch: the objects
///   of the batch, except for the one that the search returns, are then as young as if they had
///   just been put.
/// * A recall takes the private objects of a shard that is behind, whether they are overdue or not.
///   All of them but the one that the search returns are then as young as if they had just been put.
/// * A clear leaves the same objects behind: those of the shards that it skips, except for victims.
///
/// No object is ever dropped too early: an object that a step drops has been idle since before the
/// previous step.
#[derive(Default)]
pub(super) struct Model {
    steps: u32,
    idle: BTreeMap<usize, Since>,
    /// Counts what `Stats` counts.
    pub(super) counts: Stats,
}

/// The step before which an object was put: the real one, and the latest one that a search may have
/// made it look like.
#[derive(Clone, Copy, Debug)]
struct Since {
    put: u32,
    latest: u32,
}

impl Model {
    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn is_idle(&self, number: usize) -> bool {
        self.idle.contains_key(&number)
    }

    pub(super) fn put(&mut self, number: usize) {
        let since = Since { put: self.steps, latest: self.steps };
        assert!(self.idle.insert(number, since).is_none(), "put twice");
    }

    /// A search is about to run in which objects that were put this many steps ago may look fresh.
    pub(super) fn confuse(&mut self, ago: u32) {
        let steps = self.steps;
        self.idle.values_mut().filter(|s| s.put + ago <= steps).for_each(|s| s.latest = steps);
    }

    /// A search has found an object, as a victim or not. Other threads kept up to `fresh` objects
    /// private that were put after the last step.
    pub(super) fn found(&mut self, number: usize, victim: bool, fresh: usize) {
        let since = self.idle.remove(&number).expect("the found object was idle");
        if victim {
            assert!(since.put < self.steps, "a victim before its time");
            let idle = self.idle.values().filter(|s| s.put == self.steps).count();
            assert!(idle <= fresh, "a victim although something is fresh");
        } else {
            assert!(since.latest == self.steps, "a victim is taken for fresh");
        }
        self.counts.hits += 1;
        self.counts.victim_hits += u64::from(victim);
    }

    /// A search has found nothing, although it could reach all but this number of objects.
    pub(super) fn missed(&mut self, out_of_reach: usize) {
        assert_eq!(self.idle(), out_of_reach, "a search has missed an object");
        self.counts.misses += 1;
    }

    /// A step has dropped `dropped`. `behind` objects are in shards that this step and the one
    /// before skipped.
    pub(super) fn step(&mut self, dropped: &[usize], behind: usize) {
        for number in dropped {
            let since = self.idle.remove(number).expect("dropped an object that was not idle");
            assert!(since.put < self.steps, "dropped too early");
        }
        let left = |before: fn(&Since) -> u32| {
            self.idle.values().filter(|since| before(since) < self.steps).count()
        };
        assert!(left(|since| since.latest) <= behind, "an object was not dropped");
        assert!(behind <= left(|since| since.put), "a fresh object is behind");
        self.steps += 1;
        self.counts.dropped += dropped.len() as u64;
        self.counts.dropped_aged += dropped.len() as u64;
    }

    /// A clear has dropped `dropped`. `behind` objects are in shards that it skipped.
    pub(super) fn clear(&mut self, dropped: &[usize], behind: usize) {
        for number in dropped {
            assert!(self.idle.remove(number).is_some(), "dropped an object that was not idle");
        }
        assert_eq!(self.idle(), behind, "an object was not cleared");
        self.steps += 1;
        self.counts.dropped += dropped.len() as u64;
        self.counts.dropped_aged += dropped.len() as u64;
    }
}
