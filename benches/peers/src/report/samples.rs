//! The samples, as they were printed.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::spread::Spread;

/// The key of a sample: workload, threads, peer.
type Key = (String, usize, String);

#[derive(Default)]
pub struct Samples {
    lists: BTreeMap<Key, List>,
}

#[derive(Default)]
struct List {
    nanoseconds: Vec<f64>,
    made: Vec<f64>,
    made_each: Vec<f64>,
}

/// The summary of all samples of one peer at one workload.
pub struct Figure {
    /// Nanoseconds per operation.
    pub time: Spread,
    /// The number of objects created in a sample, and for each operation.
    pub made: f64,
    pub made_each: f64,
}

impl Samples {
    pub fn parse(text: &str) -> Self {
        let mut samples = Self::default();
        for line in text.lines() {
            samples.add(line).unwrap_or_else(|| panic!("not a sample: {line}"));
        }
        samples
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut parts = line.split('\t');
        let workload = parts.next()?.to_owned();
        let threads = parts.next()?.parse().ok()?;
        let peer = parts.next()?.to_owned();
        let [operations, wall, made] = [parts.next()?, parts.next()?, parts.next()?];
        let operations: f64 = operations.parse().ok()?;
        let made: f64 = made.parse().ok()?;
        let list = self.lists.entry((workload, threads, peer)).or_default();
        list.nanoseconds.push(wall.parse::<f64>().ok()? / operations);
        list.made.push(made);
        list.made_each.push(made / operations);
        Some(())
    }

    pub fn figure(&self, workload: &str, threads: usize, peer: &str) -> Option<Figure> {
        let list = self.lists.get(&(workload.to_owned(), threads, peer.to_owned()))?;
        Some(Figure {
            time: Spread::of(&list.nanoseconds),
            made: Spread::of(&list.made).median,
            made_each: Spread::of(&list.made_each).median,
        })
    }

    /// Returns the peers of a workload, the fastest at `threads` first.
    pub fn peers(&self, workload: &str, threads: usize) -> Vec<String> {
        let keys = self.lists.keys().filter(|key| key.0 == workload);
        let peers: BTreeSet<&String> = keys.map(|key| &key.2).collect();
        let mut peers: Vec<String> = peers.into_iter().cloned().collect();
        let time = |peer: &String| {
            self.figure(workload, threads, peer).map_or(f64::INFINITY, |f| f.time.median)
        };
        peers.sort_by(|a, b| time(a).total_cmp(&time(b)));
        peers
    }

    /// Returns the number of samples of each peer.
    pub fn rounds(&self) -> usize {
        self.lists.values().map(|list| list.made.len()).min().unwrap_or(0)
    }
}
