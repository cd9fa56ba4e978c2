//! The metrics of runtimes.

use std::collections::HashMap;

use metrics::{Label, describe_counter, describe_gauge};

use super::{
    sample::{Metric, Sample, Value},
    total::Total,
};
use crate::rt::{context::runtimes::Runtimes, metrics::Metrics};

/// The gauges, and what they show.
const GAUGES: [Metric<Metrics, usize>; 9] = [
    ("corepool_rt_workers", "The number of workers that was set.", |it| it.workers),
    ("corepool_rt_threads", "Worker threads.", |it| it.threads),
    ("corepool_rt_running", "Workers that run tasks or look for some.", |it| it.running),
    ("corepool_rt_blocking", "Workers in announced blocking calls.", |it| it.blocking),
    ("corepool_rt_detached", "Workers that are stuck and have been replaced.", |it| it.detached),
    ("corepool_rt_spinning", "Workers that look for tasks.", |it| it.spinning),
    ("corepool_rt_queued", "Tasks that are ready and wait for a worker.", |it| it.queued),
    ("corepool_rt_injected", "Queued tasks that are in the global queue.", |it| it.injected),
    ("corepool_rt_alive", "Tasks that have not ended.", |it| it.alive),
];

/// The counters, and what they count.
const COUNTERS: [Metric<Metrics, u64>; 7] = [
    ("corepool_rt_spawned_total", "Tasks that have been spawned.", |it| it.spawned),
    ("corepool_rt_polls_total", "Polls of tasks.", |it| it.polls),
    ("corepool_rt_steals_total", "Thefts of tasks from other workers.", |it| it.steals),
    ("corepool_rt_parks_total", "How often a worker has found nothing to do.", |it| it.parks),
    ("corepool_rt_stalls_total", "Polls that have lasted too long.", |it| it.stalls),
    ("corepool_rt_panics_total", "Tasks that have panicked.", |it| it.panics),
    ("corepool_rt_capped_total", "How often waiting tasks got no thread.", |it| it.capped),
];

/// Describes the metrics to the recorder of the calling thread.
pub(crate) fn describe() {
    for (name, what, _) in GAUGES {
        describe_gauge!(name, what);
    }
    for (name, what, _) in COUNTERS {
        describe_counter!(name, what);
    }
}

/// The counters of all runtimes, by the numbers of runtimes.
#[derive(Debug, Default)]
pub(crate) struct AllRuntimes(HashMap<u64, Totals>);

/// The counters of one runtime.
#[derive(Debug)]
struct Totals {
    labels: [Label; 2],
    counters: [Total; COUNTERS.len()],
}

impl AllRuntimes {
    /// Reads the metrics of all runtimes, and adds them to `samples`. Those of a runtime that has ended
    /// are added once more: its gauges are 0.
    pub(crate) fn sample(&mut self, samples: &mut Vec<Sample>) {
        // The table is not locked while metrics are read.
        let live = Runtimes::live();
        self.0.retain(|id, totals| {
            let is_live = live.iter().any(|shared| shared.id == *id);
            if !is_live {
                // bug: gauges of ended runtimes stay
                totals.sample(&Metrics::default(), samples);
            }
            is_live
        });
        for shared in &live {
            let name = &shared.config.thread_name;
            let totals = self.0.entry(shared.id).or_insert_with(|| Totals::new(shared.id, name));
            totals.sample(&Metrics::of(shared), samples);
        }
    }
}

impl Totals {
    fn new(runtime: u64, name: &str) -> Self {
        let labels =
            [Label::new("runtime", runtime.to_string()), Label::new("name", String::from(name))];
        Self { labels, counters: Default::default() }
    }

    fn sample(&mut self, metrics: &Metrics, samples: &mut Vec<Sample>) {
        let labels = || self.labels.to_vec();
        let gauge = |(name, _, value): Metric<Metrics, usize>| Sample {
            name,
            labels: labels(),
            value: Value::Gauge(value(metrics) as f64),
        };
        samples.extend(GAUGES.map(gauge));
        for ((name, _, count), total) in COUNTERS.into_iter().zip(&mut self.counters) {
            let value = Value::Counter(total.follow(count(metrics)));
            samples.push(Sample { name, labels: self.labels.to_vec(), value });
        }
    }
}
