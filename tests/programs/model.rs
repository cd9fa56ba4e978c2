//! The model of a pool: what a pool must do, whatever its layout.

use std::collections::BTreeMap;

use crate::pool::stats::Stats;

/// A pool as its users see it: which objects are idle, and since when.
///
/// A *step* is a collect, a trim or a clear, as far as this pool goes. A step drops an object
/// exactly if it has been idle since before the previous step. Late seats weaken this, and only so:
///
/// * A step passes over the shards of seats that are pinned. What they hold privately, and in the
///   chain that was primary, stays behind. If the shard catches up before the next step, or the next
///   step reaches it, all that goes at its time. Else it is *overdue*: it goes with the step that
///   reaches the shard, or with the first one after the owner has caught up.
/// * Thieves know a chain's generation by its parity. In a shard that is behind by an even number of
///   steps, what is overdue looks fresh, and a search that finds it takes a batch: what it brings
///   besides the one object that it was for is then as young as if it had just been put.
/// * A clear leaves the same behind: what the shards that it passes over hold, except for victims.
///
/// Nothing ever goes too early: what a step drops has been idle since before the previous one.
#[derive(Default)]
pub(super) struct Model {
    steps: u32,
    idle: BTreeMap<usize, Since>,
    /// Counts what `Stats` counts.
    pub(super) counts: Stats,
}

/// Before which step an object came in: really, and at the latest that a search may have made of it.
#[derive(Clone, Copy, Debug)]
struct Since {
    put: u32,
    latest: u32,
}

/// What shards hold, for the model to compare itself with. Without the shard of the thread that is
/// at work, if that can use it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elsewhere {
    /// Private objects.
    pub(super) private: usize,
    /// Those in shards that have gone with the last step.
    pub(super) fresh: usize,
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

    /// A search is about to be made in which what is overdue may look fresh.
    pub(super) fn confuse(&mut self) {
        let steps = self.steps;
        self.idle.values_mut().filter(|s| s.put + 1 < steps).for_each(|s| s.latest = steps);
    }

    /// A search has found an object, as a victim or not.
    pub(super) fn found(&mut self, number: usize, victim: bool, elsewhere: Elsewhere) {
        let since = self.idle.remove(&number).expect("found what was not idle");
        if victim {
            assert!(since.put < self.steps, "a victim before its time");
            let fresh = self.idle.values().filter(|s| s.put == self.steps).count();
            assert!(fresh <= elsewhere.fresh, "a victim although something is fresh");
        } else {
            assert!(since.latest == self.steps, "a victim is taken for fresh");
        }
        self.counts.hits += 1;
        self.counts.victim_hits += u64::from(victim);
    }

    /// A search has found nothing: all that is idle is private to others.
    pub(super) fn missed(&mut self, elsewhere: Elsewhere) {
        assert_eq!(self.idle(), elsewhere.private, "a search has missed something");
        self.counts.misses += 1;
    }

    /// A step has dropped these. So many are in shards that it and the one before passed over.
    pub(super) fn step(&mut self, dropped: &[usize], behind: usize) {
        for number in dropped {
            let since = self.idle.remove(number).expect("dropped what was not idle");
            assert!(since.put < self.steps, "dropped too early");
        }
        let left = |before: fn(&Since) -> u32| {
            self.idle.values().filter(|since| before(since) < self.steps).count()
        };
        assert!(left(|since| since.latest) <= behind, "something was not dropped");
        assert!(behind <= left(|since| since.put), "something fresh is behind");
        self.steps += 1;
        self.counts.dropped += dropped.len() as u64;
    }

    /// A clear has dropped these. So many are in shards that it passed over.
    pub(super) fn clear(&mut self, dropped: &[usize], behind: usize) {
        for number in dropped {
            assert!(self.idle.remove(number).is_some(), "dropped what was not idle");
        }
        assert_eq!(self.idle(), behind, "something was not cleared");
        self.steps += 1;
        self.counts.dropped += dropped.len() as u64;
    }
}
