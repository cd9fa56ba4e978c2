//! The measurements, and the table of them.

use std::fmt::{self, Display, Formatter};

use corepool::buffer::BufferStats;

use crate::fleet::Cost;

/// One stage in one arm: the time of each round and the sum of all rounds.
#[derive(Default)]
pub struct Stage {
    ns_per_message: Vec<f64>,
    total: Cost,
}

impl Stage {
    pub fn add(&mut self, round: Cost) {
        let ns = round.time.as_nanos() as f64 / round.messages as f64;
        self.ns_per_message.push(ns);
        self.total.messages += round.messages;
        self.total.time += round.time;
        self.total.allocs += round.allocs;
    }

    fn per_message(&self, count: u64) -> f64 {
        count as f64 / self.total.messages as f64
    }

    /// The distance of the median to the farther quartile, as a part of the median.
    fn spread(&self) -> f64 {
        let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile(&self.ns_per_message, q));
        (median - low).max(high - median) / median
    }
}

/// The counters of the pool in the measured rounds.
#[derive(Default)]
pub struct Pooling {
    hits: u64,
    misses: u64,
    steals: u64,
}

impl Pooling {
    pub fn add(&mut self, before: &BufferStats, after: &BufferStats) {
        self.hits += after.hits - before.hits;
        self.misses += after.misses - before.misses;
        self.steals += after.steals - before.steals;
    }
}

pub struct Row {
    pub name: &'static str,
    pub codec: Stage,
    pub call: Stage,
    peak_kib: Vec<f64>,
    /// Whether the peaks are those of the arm's own rounds.
    own_peak: bool,
    pub pooling: Option<Pooling>,
}

impl Row {
    pub fn new(name: &'static str) -> Row {
        Row {
            name,
            codec: Stage::default(),
            call: Stage::default(),
            peak_kib: Vec::new(),
            own_peak: true,
            pooling: None,
        }
    }

    pub fn add_peak(&mut self, own: bool, kib: Option<u64>) {
        self.peak_kib.extend(kib.map(|kib| kib as f64));
        self.own_peak &= own;
    }

    pub fn messages(&self) -> u64 {
        self.codec.total.messages + self.call.total.messages
    }

    pub fn buffers(&self) -> u64 {
        self.codec.total.allocs.buffers + self.call.total.allocs.buffers
    }
}

pub struct Table<'a>(pub &'a [Row]);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (codec, call) = ("encode + decode, no socket", "call over loopback TCP");
        let stage = format!("{:>12}{:>10}{:>11}", "ns/message", "buffers", "allocs");
        writeln!(f, "{:12}{codec:^33}{call:^33}{:>10}", "", "peak RSS")?;
        writeln!(f, "{:12}{stage}{stage}{:>10}", "arm", "KiB")?;
        for row in self.0 {
            write!(f, "{:12}{}{}", row.name, row.codec, row.call)?;
            if row.peak_kib.is_empty() {
                writeln!(f, "{:>10}", "unknown")?;
            } else {
                writeln!(f, "{:>10.0}", quantile(&row.peak_kib, 0.5))?;
            }
        }
        self.notes(f)
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ns = quantile(&self.ns_per_message, 0.5);
        let buffers = self.per_message(self.total.allocs.buffers);
        let all = self.per_message(self.total.allocs.all);
        write!(f, "{ns:>12.0}{buffers:>10.3}{all:>11.1}")
    }
}

impl Table<'_> {
    fn notes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let stages = self.0.iter().flat_map(|row| [&row.codec, &row.call]);
        let spread = stages.map(Stage::spread).fold(0.0, f64::max) * 100.0;
        let own_peaks = self.0.iter().all(|row| row.own_peak);
        let span = if own_peaks {
            "while the arm ran, median of the rounds"
        } else {
            "since it started, for no new peak could be set"
        };
        writeln!(
            f,
            "\nns/message: median of the rounds; their quartiles are within {spread:.0} % of it.\n\
             buffers, allocs: allocations per message, client and server together, for its buffers \
             and in all.\n\
             peak RSS: of the whole process {span}; with --arm, of that arm alone."
        )?;
        for row in self.0 {
            if let Some(p) = &row.pooling {
                let (name, Pooling { hits, misses, steals }) = (row.name, p);
                writeln!(f, "{name}: {hits} hits, {misses} misses, {steals} steals.")?;
            }
        }
        Ok(())
    }
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() - 1) as f64 * q;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * place.fract()
}
