//! A recorder that keeps the last value of each metric.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// By name and labels, as in `corepool_idle{pool="a"}`.
    values: Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>,
    described: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Values {
    /// Runs `f` with this recorder as that of the calling thread.
    pub(crate) fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        metrics::with_local_recorder(self, f)
    }

    /// Returns the value of a gauge.
    pub(crate) fn gauge(&self, key: &str) -> Option<f64> {
        self.counter(key).map(f64::from_bits)
    }

    /// Returns the value of a counter.
    pub(crate) fn counter(&self, key: &str) -> Option<u64> {
        self.values.lock().unwrap().get(key).map(|value| value.load(Relaxed))
    }

    /// Returns the keys that contain `part`.
    pub(crate) fn keys(&self, part: &str) -> Vec<String> {
        let values = self.values.lock().unwrap();
        values.keys().filter(|key| key.contains(part)).cloned().collect()
    }

    /// Returns what a metric means.
    pub(crate) fn description(&self, name: &str) -> Option<String> {
        self.described.lock().unwrap().get(name).cloned()
    }

    fn place(&self, key: &Key) -> Arc<AtomicU64> {
        let labels = key.labels().map(|label| format!("{}={:?}", label.key(), label.value()));
        let labels: Vec<_> = labels.collect();
        let key = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.values.lock().unwrap().entry(key).or_default())
    }

    fn describe(&self, name: &KeyName, what: SharedString) {
        self.described.lock().unwrap().insert(name.as_str().into(), what.into_owned());
    }
}

impl Recorder for Values {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, what: SharedString) {
        self.describe(&name, what);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, what: SharedString) {
        self.describe(&name, what);
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
