//! The idle objects of a pool, and its counters. The checker does not see them.

use super::{
    checker::{self, search::Search},
    options::Options,
    parcel::Parcel,
};
use crate::{
    pool::stats::Stats,
    shard::drops::{Drops, Reason},
};

/// How many searches may be disturbed in one execution. Later ones take one step and find the newest object,
/// which keeps the number of executions down.
const MOST_DISTURBED: usize = 2;

/// What the checker does not see of a pool. It changes right after a step.
pub(super) struct State<T> {
    /// The newest is the last.
    pub(super) idle: Vec<Idle<T>>,
    /// What the idle objects weigh.
    pub(super) bytes: usize,
    /// The number of steps so far.
    pub(super) steps: usize,
    /// The number of searches in progress. Each will take one object.
    pub(super) searching: usize,
    /// The number of searches that were disturbed.
    pub(super) disturbed: usize,
    /// Whether the pool or the execution has ended.
    pub(super) ended: bool,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) victim_hits: u64,
    pub(super) created: u64,
    pub(super) drops: Drops,
    /// How often the pool has aged.
    pub(super) collects: u64,
    /// Objects that left for good, less those that came from elsewhere.
    pub(super) left: i64,
}

pub(super) struct Idle<T> {
    pub(super) parcel: Parcel<T>,
    pub(super) weight: usize,
    /// Whether the object has been idle through a collect.
    pub(super) is_victim: bool,
}

/// How hard a search tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// It may return `None` although objects are idle. Its caller creates an object then.
    Modest,
    /// It finds an object, unless nothing is idle but what other searches will take.
    Full,
}

/// How a search goes on after its first step.
pub(super) enum Begun<T> {
    /// It has ended, with what it has found.
    Done(Option<Parcel<T>>),
    /// There is a second step. The search began at this number of steps.
    At(usize),
}

impl<T> State<T> {
    pub(super) fn new() -> Self {
        Self {
            idle: Vec::new(),
            bytes: 0,
            steps: 0,
            searching: 0,
            disturbed: 0,
            ended: false,
            hits: 0,
            misses: 0,
            victim_hits: 0,
            created: 0,
            drops: Drops::new(),
            collects: 0,
            left: 0,
        }
    }

    /// The first step of a search. Returns the number of steps so far if there must be a second one.
    pub(super) fn begin_search(&mut self) -> Begun<T> {
        if self.idle.len() <= self.searching {
            return Begun::Done(self.take(None));
        }
        if self.disturbed == MOST_DISTURBED {
            return Begun::Done(self.take(Some(self.idle.len() - 1)));
        }
        self.searching += 1;
        Begun::At(self.steps)
    }

    /// The second step of a search that `began` at this number of steps.
    pub(super) fn end_search(&mut self, began: usize, effort: Effort) -> Option<Parcel<T>> {
        self.searching -= 1;
        let (idle, disturbed) = (self.idle.len(), self.steps - began - 1);
        self.disturbed += usize::from(disturbed > 0);
        let search = Search { idle, disturbed, may_miss: effort == Effort::Modest };
        // Nothing is idle if all objects were dropped or drained meanwhile.
        let found = if idle == 0 { None } else { checker::choose(&search) };
        self.take(found)
    }

    pub(super) fn take_oldest(&mut self) -> Option<Parcel<T>> {
        let found = if self.idle.is_empty() { None } else { Some(0) };
        self.take(found)
    }

    /// Takes the object at this index out, and counts a search that found it, or none.
    fn take(&mut self, found: Option<usize>) -> Option<Parcel<T>> {
        let Some(index) = found else {
            self.misses += 1;
            return None;
        };
        let Idle { parcel, weight, is_victim } = self.idle.remove(index);
        self.bytes -= weight;
        self.hits += 1;
        self.victim_hits += u64::from(is_victim);
        Some(parcel)
    }

    /// Takes out the oldest objects, which are counted as dropped.
    pub(super) fn remove(&mut self, objects: usize, reason: Option<Reason>) -> Vec<Idle<T>> {
        let removed: Vec<_> = self.idle.drain(..objects).collect();
        self.bytes -= removed.iter().map(|idle| idle.weight).sum::<usize>();
        self.drops.prepare();
        self.drops.add(objects, reason);
        removed
    }

    pub(super) fn stats(&self, options: &Options<T>) -> Stats {
        let dropped = self.drops.sum();
        let objects = (self.created as i64 - dropped as i64 - self.left).max(0) as u64;
        let idle = self.idle.len() as u64;
        let mut stats = Stats {
            idle,
            outstanding: objects.saturating_sub(idle),
            idle_bytes: if options.weigher().is_some() { self.bytes as u64 } else { 0 },
            hits: self.hits,
            misses: self.misses,
            victim_hits: self.victim_hits,
            created: self.created,
            collects: self.collects,
            ..Stats::default()
        };
        stats.set_drops(&self.drops);
        stats
    }
}
