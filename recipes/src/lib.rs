//! What the recipes share: a table of what each way takes.
//!
//! The ways take turns: in each round each of them is measured once, in an order that rotates. A
//! figure is the median of all rounds, with the quartiles behind it.

use std::{
    sync::Once,
    time::{Duration, Instant},
};

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub rounds: usize,
    pub sample: Duration,
}

impl Effort {
    /// As the command line says: all, or a glance with `--quick`.
    pub fn from_args() -> Self {
        let (rounds, sample) = match std::env::args().nth(1).as_deref() {
            None => (31, Duration::from_millis(10)),
            Some("--quick") => (3, Duration::from_millis(1)),
            Some(other) => panic!("unknown option {other:?}: --quick is the only one"),
        };
        Self { rounds, sample }
    }
}

/// A way to do something, and the nanoseconds that it took.
struct Way<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
    samples: Vec<f64>,
}

/// Ways to do one thing.
pub struct Table<'a> {
    title: String,
    ways: Vec<Way<'a>>,
}

impl<'a> Table<'a> {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ways: Vec::new() }
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<'_, 'a> {
        self.ways.iter().map(|way| way.name)
    }

    /// Does each thing once, as `f` sees fit.
    pub fn each<R>(&mut self, mut f: impl FnMut(&mut dyn FnMut()) -> R) -> Vec<R> {
        self.ways.iter_mut().map(|way| f(&mut way.work)).collect()
    }

    /// Adds a way. The first is the one that others are compared with.
    pub fn way(mut self, name: &'static str, work: impl FnMut() + 'a) -> Self {
        self.ways.push(Way { name, work: Box::new(work), samples: Vec::new() });
        self
    }

    /// Measures, and returns the median of each way in nanoseconds.
    pub fn measure(&mut self, effort: Effort) -> Vec<f64> {
        let repeats: Vec<_> = self.ways.iter_mut().map(|way| repeats(way, effort.sample)).collect();
        let count = self.ways.len();
        for round in 0..effort.rounds {
            for turn in 0..count {
                let which = (round + turn) % count;
                let way = &mut self.ways[which];
                let time = time(way, repeats[which]);
                way.samples.push(time.as_nanos() as f64 / f64::from(repeats[which]));
            }
        }
        self.ways.iter_mut().for_each(|way| way.samples.sort_by(f64::total_cmp));
        self.ways.iter().map(|way| quantile(&way.samples, 0.5)).collect()
    }

    /// Measures, and prints a row for each way; the first table of a program, with a head.
    pub fn print(mut self, effort: Effort) {
        static HEAD: Once = Once::new();
        let medians = self.measure(effort);
        HEAD.call_once(|| {
            println!("| task | way | ns | quartiles | times as fast |\n|---|---|--:|--:|--:|");
        });
        for (i, (way, median)) in self.ways.iter().zip(&medians).enumerate() {
            let title = if i == 0 { self.title() } else { "" };
            let (low, high) = (quantile(&way.samples, 0.25), quantile(&way.samples, 0.75));
            let (name, ratio) = (way.name, medians[0] / median);
            println!("| {title} | {name} | {median:.0} | {low:.0} to {high:.0} | {ratio:.2} |");
        }
    }
}

fn time(way: &mut Way<'_>, repeats: u32) -> Duration {
    let start = Instant::now();
    (0..repeats).for_each(|_| (way.work)());
    start.elapsed()
}

/// How often fills a sample. It warms up, too.
fn repeats(way: &mut Way<'_>, sample: Duration) -> u32 {
    let mut repeats = 1;
    loop {
        let took = time(way, repeats);
        if took >= sample / 4 {
            let fill = sample.as_secs_f64() / took.as_secs_f64() * f64::from(repeats);
            return (fill as u32).max(1);
        }
        repeats *= 2;
    }
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * at).round() as usize]
}

/// Text of so many bytes that compresses like JSON, always the same.
pub fn json(len: usize) -> Vec<u8> {
    let mut text = String::from("[");
    let mut state = 1_u32;
    while text.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (id, flag) = (state >> 8, state >> 31 == 1);
        text += &format!(r#"{{"id":{id},"name":"user{}","active":{flag}}},"#, id % 1000);
    }
    text.truncate(len);
    text.into_bytes()
}
