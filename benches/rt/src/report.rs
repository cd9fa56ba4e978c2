//! Writes the tables on the page, between two marks.

use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};

use crate::switch::{BY_HAND, NAMES, PING_PONG, median};

const BEGIN: &str = "<!-- runtime: written by benches/run -->\n";
const END: &str = "<!-- end of runtime -->\n";

/// A description of each of `NAMES`.
const WORDS: [&str; 4] = [
    "each task starts the next",
    "one task starts all",
    "200 tasks yield",
    "two tasks over two channels, both ways",
];

/// Nanoseconds by workload, workers and runtime.
type Samples<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<f64>>;

/// Writes the samples in `folder`, and the other measurements, to the page.
pub(crate) fn write(folder: &Path, page: &Path) -> io::Result<()> {
    let samples = fs::read_to_string(folder.join("switch.tsv"))?;
    let rest = fs::read_to_string(folder.join("rt.md"))?;
    let text = fs::read_to_string(page)?;
    let (before, old) = text.split_once(BEGIN).ok_or(io::ErrorKind::InvalidData)?;
    let (_, after) = old.split_once(END).ok_or(io::ErrorKind::InvalidData)?;
    let table = table(&parse(&samples));
    fs::write(page, format!("{before}{BEGIN}\n{table}\n{rest}\n{END}{after}"))
}

fn parse(text: &str) -> Samples<'_> {
    let mut samples = Samples::new();
    for line in text.lines() {
        let [name, workers, side, ns] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        samples.entry((name, workers, side)).or_default().push(ns.parse().expect("a number"));
    }
    samples
}

fn table(samples: &Samples<'_>) -> String {
    let mut text =
        String::from("| nanoseconds | workers | corepool | tokio | Go |\n|---|---|---|---|---|\n");
    for (name, words) in NAMES.iter().zip(WORDS) {
        for workers in ["1", "2"] {
            let figure = |side| samples.get(&(*name, workers, side)).cloned().map(median);
            let Some(own) = figure("corepool") else { continue };
            let other = |side| match figure(side) {
                None => "".to_owned(),
                Some(ns) if ns < own => format!("{ns:.0} ×{:.2} **lost**", ns / own),
                Some(ns) => format!("{ns:.0} ×{:.2}", ns / own),
            };
            let (tokio, go) = (other("tokio"), other("Go"));
            writeln!(text, "| {words} | {workers} | **{own:.0}** | {tokio} | {go} |").unwrap();
        }
    }
    if let Some(floor) = samples.get(&(NAMES[PING_PONG], "1", BY_HAND)).cloned().map(median) {
        writeln!(
            text,
            "\nOf the round trip over two channels, the channels alone take {floor:.0} ns."
        )
        .unwrap();
    }
    text
}
