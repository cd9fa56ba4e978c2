//! The tables on the page, between two marks.

use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};

const BEGIN: &str = "<!-- buffers: written by benches/run -->\n";
const END: &str = "<!-- end of buffers -->\n";

/// Nanoseconds of each way at each task with each allocator, and what comes first.
#[derive(Default)]
struct Samples {
    times: BTreeMap<(String, String, String), Vec<f64>>,
    tasks: Vec<String>,
    ways: BTreeMap<String, Vec<String>>,
    heaps: Vec<String>,
}

fn note<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl Samples {
    fn parse(text: &str) -> Self {
        let mut samples = Self::default();
        for line in text.lines() {
            let [heap, task, way, time] = line.split('\t').collect::<Vec<_>>()[..] else {
                continue;
            };
            note(&mut samples.heaps, heap.to_owned());
            note(&mut samples.tasks, task.to_owned());
            note(samples.ways.entry(task.to_owned()).or_default(), way.to_owned());
            let key = (task.to_owned(), way.to_owned(), heap.to_owned());
            samples.times.entry(key).or_default().push(time.parse().expect("a number"));
        }
        samples.times.values_mut().for_each(|times| times.sort_by(f64::total_cmp));
        samples
    }

    fn median(&self, task: &str, way: &str, heap: &str) -> Option<f64> {
        let times = self.times.get(&(task.into(), way.into(), heap.into()))?;
        Some(times[times.len() / 2])
    }

    /// The median, its part of that of corepool, and the quartiles' farthest distance from it.
    fn figure(&self, task: &str, way: &str, heap: &str) -> Option<String> {
        let times = self.times.get(&(task.into(), way.into(), heap.into()))?;
        let (last, median) = (times.len() - 1, times[times.len() / 2]);
        let (low, high) = (times[last / 4], times[(3 * last).div_ceil(4)]);
        let spread = (median - low).max(high - median) / median * 100.0;
        let own = self.median(task, "corepool", heap)?;
        let ratio =
            if way == "corepool" { String::new() } else { format!(", ×{:.2}", median / own) };
        Some(format!("{median:.0} ±{spread:.0} %{ratio}"))
    }
}

/// Allocations of each way at each task.
fn counts(text: &str) -> BTreeMap<(&str, &str), &str> {
    let words = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let counts = words.filter_map(|words| match words[..] {
        [task, way, count] => Some(((task, way), count)),
        _ => None,
    });
    counts.collect()
}

fn tables(samples: &Samples, counts: &BTreeMap<(&str, &str), &str>) -> String {
    let heaps = samples.heaps.join(" | ");
    let mut text = format!("\n| task | way | {heaps} | allocations |\n|---|---|");
    text += &"--:|".repeat(samples.heaps.len() + 1);
    text += "\n";
    for task in &samples.tasks {
        for (i, way) in samples.ways[task].iter().enumerate() {
            let name = if i == 0 { task } else { "" };
            let figures = samples
                .heaps
                .iter()
                .map(|heap| samples.figure(task, way, heap).unwrap_or_default());
            let figures = figures.collect::<Vec<_>>().join(" | ");
            let count = counts.get(&(task.as_str(), way.as_str())).unwrap_or(&"");
            writeln!(text, "| {name} | {way} | {figures} | {count} |").expect("a string grows");
        }
    }
    text
}

/// What corepool loses, by more than two percent.
fn losses(samples: &Samples) -> String {
    let mut text = String::new();
    for task in &samples.tasks {
        for heap in &samples.heaps {
            let Some(own) = samples.median(task, "corepool", heap) else { continue };
            let better =
                samples.ways[task].iter().filter(|way| *way != "no buffer").filter_map(|way| {
                    let ratio = samples.median(task, way, heap)? / own;
                    (ratio < 0.98).then(|| format!("{way} ×{ratio:.2}"))
                });
            let better = better.collect::<Vec<_>>().join(", ");
            if !better.is_empty() {
                writeln!(text, "| {task} | {heap} | {better} |").expect("a string grows");
            }
        }
    }
    if text.is_empty() { "| nothing | | |\n".into() } else { text }
}

fn passed(text: &str) -> String {
    text.lines()
        .fold(String::new(), |table, line| table + &format!("| {} |\n", line.replace('\t', " | ")))
}

/// The rows that the recipes printed, under one head.
fn recipes(text: &str) -> String {
    let mut rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    let head: Vec<_> = rows.drain(..rows.len().min(2)).collect();
    rows.retain(|row| !head.contains(row));
    let lines = [head, rows].concat().join("\n");
    format!(
        "\n### Recipes\n\nWith the system's allocator, each in a process of its own.\n\n{lines}\n\n"
    )
}

/// Reads the lines in `folder`, and writes the page's part.
pub fn write(folder: &Path, page: &Path) -> io::Result<()> {
    let samples = Samples::parse(&fs::read_to_string(folder.join("buffers.tsv"))?);
    let counted = fs::read_to_string(folder.join("counts.tsv"))?;
    let rounds = samples.times.values().map(Vec::len).min().unwrap_or(0);
    let figures = format!(
        "\nSamples of each: {rounds}.\n{}\n### What corepool loses by more than 2 %\n\n| task | allocator | quicker \
         |\n|---|---|---|\n{}\n### Got on one thread, dropped on another\n\n| producers to consumers, bytes | messages | \
         buffers made | KiB idle at the end | steals |\n|---|--:|--:|--:|--:|\n{}\n",
        tables(&samples, &counts(&counted)),
        losses(&samples),
        passed(&fs::read_to_string(folder.join("passed.tsv"))?),
    ) + &recipes(&fs::read_to_string(folder.join("recipes.md"))?);
    let text = fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or(io::ErrorKind::InvalidData)?;
    let (_, after) = rest.split_once(END).ok_or(io::ErrorKind::InvalidData)?;
    fs::write(page, format!("{before}{BEGIN}{figures}{END}{after}"))
}
