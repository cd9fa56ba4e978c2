//! Go's own benchmarks, from the output of `go test -bench`.

use std::collections::BTreeMap;

use crate::report::{
    samples::Samples,
    spread::{Spread, number},
};

/// The measurements, by benchmark, threads and unit.
#[derive(Default)]
pub struct Figures(BTreeMap<(String, usize, String), Vec<f64>>);

impl Figures {
    pub fn parse(text: &str) -> Self {
        let mut figures = Self::default();
        for line in text.lines().filter(|line| line.starts_with("Benchmark")) {
            figures.add(line).unwrap_or_else(|| panic!("not a benchmark's line: {line}"));
        }
        figures
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        // A name without a number stands for one thread.
        let (name, threads) = name.split_once('-').unwrap_or((name, "1"));
        let threads = threads.parse().ok()?;
        // The number of iterations comes first, then the values with their units.
        words.next()?;
        while let Some(figure) = words.next() {
            let key = (name.to_owned(), threads, words.next()?.to_owned());
            self.0.entry(key).or_default().push(figure.parse().ok()?);
        }
        Some(())
    }

    /// Returns a benchmark's values in this unit.
    pub fn figure(&self, benchmark: &str, threads: usize, unit: &str) -> Option<Spread> {
        let key = (benchmark.to_owned(), threads, unit.to_owned());
        self.0.get(&key).map(|values| Spread::of(values))
    }
}

/// Go's benchmarks, each with the workload and the peer that it is compared with.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    ("BenchmarkPool", "hit", "corepool", "a buffer got and given back"),
    ("BenchmarkPool", "one", "corepool, take and put", "`put` and `take`"),
    ("BenchmarkPoolOverflow", "overflow", "corepool, take and put", "100 `put` and 100 `take`"),
    ("BenchmarkPoolOverflow", "hundred", "corepool", "100 buffers got, then given back"),
    ("BenchmarkPoolStarvation", "starvation", "corepool, take and put", "67 `put` and 100 `take`"),
    ("BenchmarkPoolStarvation", "starvation", "corepool, guards", "100 tries for 67 guards"),
];

/// Returns the table, or `None` if Go has not run.
pub fn table(figures: &Figures, samples: &Samples) -> Option<String> {
    let mut text = String::from(
        "| Go's | corepool's | threads | Go | corepool | Go's time is |\n|---|---|---|---|---|---|\n",
    );
    for &(benchmark, workload, peer, what) in PAIRS {
        for threads in [1, 2] {
            let theirs = figures.figure(benchmark, threads, "ns/op")?;
            let ours = samples.figure(workload, threads, peer)?.time;
            let times = theirs.median / ours.median;
            let lost = if times < 1.0 { " **lost**" } else { "" };
            text += &format!(
                "| `{benchmark}` | {what} | {threads} | {} | {} | {} times ours{lost} |\n",
                theirs.show(),
                ours.show(),
                number(times),
            );
        }
    }
    Some(text)
}

#[test]
fn lines() {
    let text = "goos: linux\nBenchmarkPool \t 100\t 7.5 ns/op\n\
                BenchmarkPool-2 \t 100\t 3.5 ns/op\t 9 p50-ns/STW\nPASS\n";
    let figures = Figures::parse(text);
    let median = |threads, unit| figures.figure("BenchmarkPool", threads, unit).unwrap().median;
    assert_eq!(median(1, "ns/op"), 7.5);
    assert_eq!(median(2, "ns/op"), 3.5);
    assert_eq!(median(2, "p50-ns/STW"), 9.0);
}
