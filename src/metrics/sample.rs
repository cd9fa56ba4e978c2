//! One value of one metric, and how it reaches the recorder.

use metrics::{Label, counter, gauge};

/// A metric: its name, what it means, and how it is read.
pub(crate) type Metric<S, N> = (&'static str, &'static str, fn(&S) -> N);

/// A value of a metric.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<Label>,
    pub(crate) value: Value,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Gauge(f64),
    Counter(u64),
}

impl Sample {
    /// Passes the value to the recorder of the calling thread, which is foreign code.
    pub(crate) fn record(self) {
        match self.value {
            Value::Gauge(value) => gauge!(self.name, self.labels).set(value),
            // Of two threads that record at the same time, the later value wins.
            Value::Counter(value) => counter!(self.name, self.labels).absolute(value),
        }
    }
}
