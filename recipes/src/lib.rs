//! Shared code of the recipes: a table of the time that each way takes.
//!
//! The ways take turns: in each round each way is measured once, in an order that rotates and
//! reverses. There are many short rounds. A time is the median of all rounds, followed by the
//! quartiles. A ratio is the median of the ratios within a round, so a machine that is slow for a
//! while does not change it.
//!
//! The guide's page on threads has its examples here, as tests.
//!
#![doc = include_str!("../../docs/threads.md")]

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
    /// Returns the effort that the command line requests: everything, or a quick run with
    /// `--quick`.
    pub fn from_args() -> Self {
        let (rounds, sample) = match std::env::args().nth(1).as_deref() {
            None => (151, Duration::from_millis(2)),
            Some("--quick") => (3, Duration::from_millis(1)),
            Some(other) => panic!("unknown option {other:?}: --quick is the only one"),
        };
        Self { rounds, sample }
    }
}

/// A way to do a task, and the nanoseconds that it took.
struct Way<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
    samples: Vec<f64>,
}

/// Ways to do one task.
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

    /// Calls `f` with each way. Returns the results.
    pub fn each<R>(&mut self, mut f: impl FnMut(&mut dyn FnMut()) -> R) -> Vec<R> {
        self.ways.iter_mut().map(|way| f(&mut way.work)).collect()
    }

    /// Adds a way. The others are compared with the first one.
    pub fn way(mut self, name: &'static str, work: impl FnMut() + 'a) -> Self {
        self.ways.push(Way { name, work: Box::new(work), samples: Vec::new() });
        self
    }

    /// Measures all ways.
    pub fn measure(&mut self, effort: Effort) {
        let repeats: Vec<_> = self.ways.iter_mut().map(|way| repeats(way, effort.sample)).collect();
        let count = self.ways.len();
        for round in 0..effort.rounds {
            for turn in 0..count {
                let turn = if (round / count).is_multiple_of(2) { turn } else { count - turn };
                let which = (round + turn) % count;
                let way = &mut self.ways[which];
                let time = time(way, repeats[which]);
                way.samples.push(time.as_nanos() as f64 / f64::from(repeats[which]));
            }
        }
    }

    /// Returns the nanoseconds of this way: the lower quartile, the median and the upper quartile.
    pub fn quartiles(&self, way: &str) -> [f64; 3] {
        quartiles(self.way_named(way).samples.clone())
    }

    /// Returns the time of this way divided by that of `other`: the median of the rounds.
    pub fn ratio(&self, way: &str, other: &str) -> f64 {
        let (way, other) = (self.way_named(way), self.way_named(other));
        quartiles(way.samples.iter().zip(&other.samples).map(|(way, other)| way / other).collect())
            [1]
    }

    fn way_named(&self, name: &str) -> &Way<'a> {
        self.ways.iter().find(|way| way.name == name).expect("a way of this table")
    }

    /// Measures, and prints a row for each way; the first table of a program, with a head.
    pub fn print(mut self, effort: Effort) {
        static HEAD: Once = Once::new();
        self.measure(effort);
        HEAD.call_once(|| {
            println!("| task | way | ns | quartiles | times as fast |\n|---|---|--:|--:|--:|");
        });
        let first = self.ways[0].name;
        for (i, name) in self.names().enumerate() {
            let title = if i == 0 { self.title() } else { "" };
            let ([low, median, high], ratio) = (self.quartiles(name), self.ratio(first, name));
            println!("| {title} | {name} | {median:.0} | {low:.0} to {high:.0} | {ratio:.2} |");
        }
    }
}

fn time(way: &mut Way<'_>, repeats: u32) -> Duration {
    let start = Instant::now();
    (0..repeats).for_each(|_| (way.work)());
    start.elapsed()
}

/// Returns the number of repetitions that fill a sample. This also warms up the way.
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

fn quartiles(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    let last = figures.len() - 1;
    [last / 4, last / 2, (3 * last).div_ceil(4)].map(|at| figures[at])
}

/// Returns `len` bytes of text that compresses like JSON. The text is always the same.
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
