//! The metrics of pools.

use std::collections::HashMap;

use metrics::{Label, describe_counter, describe_gauge};

use super::{
    sample::{Metric, Sample, Value},
    total::Total,
};
use crate::{collect::registry::Registry, shard::stats::Stats};

const DROPPED: &str = "corepool_dropped_total";

/// The gauges, and what they show.
const GAUGES: [Metric<Stats, u64>; 2] = [
    ("corepool_idle", "Idle objects of a pool.", |stats| stats.idle),
    ("corepool_outstanding", "Objects out of a pool: in guards, or taken by value.", |stats| {
        stats.outstanding
    }),
];

/// The counters except for [`DROPPED`], and what they count.
const COUNTERS: [Metric<Stats, u64>; 6] = [
    ("corepool_created_total", "Objects that a pool has created.", |stats| stats.created),
    ("corepool_hits_total", "Gets that found an idle object.", |stats| stats.hits),
    ("corepool_misses_total", "Gets that found none.", |stats| stats.misses),
    ("corepool_steals_total", "Hits on objects that other threads had put.", |stats| stats.steals),
    ("corepool_victim_hits_total", "Hits on objects that a collect had aged.", |stats| {
        stats.victim_hits
    }),
    ("corepool_collects_total", "How often a pool has aged.", |stats| stats.collects),
];

/// Describes the metrics to the recorder of the calling thread.
pub(crate) fn describe() {
    for (name, what, _) in GAUGES {
        describe_gauge!(name, what);
    }
    for (name, what, _) in COUNTERS {
        describe_counter!(name, what);
    }
    describe_counter!(DROPPED, "Objects that a pool has dropped, by reason.");
}

/// The counters of all named pools, by the names of pools.
#[derive(Debug, Default)]
pub(crate) struct Pools(HashMap<&'static str, Totals>);

/// The counters of the pools with one name.
#[derive(Debug, Default)]
struct Totals {
    counters: [Total; COUNTERS.len()],
    dropped: HashMap<&'static str, Total>,
}

impl Pools {
    /// Reads the statistics of all named pools, and adds them to `samples`.
    pub(crate) fn sample(&mut self, samples: &mut Vec<Sample>) {
        // The registry is locked meanwhile, so no pool comes or goes, and none ages.
        let all = Registry::lock().named_stats();
        // bug: first pool left out
        for (pool, stats) in all {
            self.0.entry(pool).or_default().sample(pool, &stats, samples);
        }
    }
}

impl Totals {
    fn sample(&mut self, pool: &'static str, stats: &Stats, samples: &mut Vec<Sample>) {
        let label = Label::from_static_parts("pool", pool);
        let gauge = |(name, _, value): Metric<Stats, u64>| Sample {
            name,
            labels: vec![label.clone()],
            // bug: gauges stand still
            value: Value::Gauge(value(stats) as f64),
        };
        samples.extend(GAUGES.map(gauge));
        for ((name, _, count), total) in COUNTERS.into_iter().zip(&mut self.counters) {
            let value = Value::Counter(total.follow(count(stats)));
            samples.push(Sample { name, labels: vec![label.clone()], value });
        }
        for (reason, count) in stats.drops() {
            let total = self.dropped.entry(reason).or_default();
            let labels = vec![label.clone(), Label::from_static_parts("reason", reason)];
            let value = Value::Counter(total.follow(count));
            samples.push(Sample { name: DROPPED, labels, value });
        }
    }
}
