//! Writes the tables on the page, between two marks.

use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};

const BEGIN: &str = "<!-- buffers: written by benches/run -->\n";
const END: &str = "<!-- end of buffers -->\n";

/// For each task, way and allocator: the nanoseconds, and their ratio to corepool's. Also the order
/// of the tasks and ways.
#[derive(Default)]
struct Samples {
    times: BTreeMap<(String, String, String), Vec<f64>>,
    ratios: BTreeMap<(String, String, String), Vec<f64>>,
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
            let [heap, task, way, time, ratio] = line.split('\t').collect::<Vec<_>>()[..] else {
                continue;
            };
            note(&mut samples.heaps, heap.to_owned());
            note(&mut samples.tasks, task.to_owned());
            note(samples.ways.entry(task.to_owned()).or_default(), way.to_owned());
            let key = (task.to_owned(), way.to_owned(), heap.to_owned());
            let ratios = samples.ratios.entry(key.clone()).or_default();
            ratios.push(ratio.parse().expect("a number"));
            samples.times.entry(key).or_default().push(time.parse().expect("a number"));
        }
        let all = samples.times.values_mut().chain(samples.ratios.values_mut());
        all.for_each(|figures| figures.sort_by(f64::total_cmp));
        samples
    }

    /// The median of corepool's times, and the distance to the farther quartile in percent.
    fn own(times: &[f64]) -> String {
        let [low, median, high] = quartiles(times);
        let spread = (median - low).max(high - median) / median * 100.0;
        format!("{median:.0} ±{spread:.0} %")
    }

    /// The time of a way, and its ratio to corepool's time, with the quartiles.
    fn figure(&self, task: &str, way: &str, heap: &str) -> Option<String> {
        let key = (task.into(), way.into(), heap.into());
        let times = self.times.get(&key)?;
        if way == "corepool" {
            return Some(Self::own(times));
        }
        let ([_, time, _], [low, ratio, high]) = (quartiles(times), quartiles(&self.ratios[&key]));
        Some(format!("{time:.0}, ×{ratio:.2} ({low:.2}–{high:.2})"))
    }

    /// The time of a way divided by corepool's.
    fn ratio(&self, task: &str, way: &str, heap: &str) -> Option<f64> {
        let ratios = self.ratios.get(&(task.into(), way.into(), heap.into()))?;
        Some(quartiles(ratios)[1])
    }
}

/// Returns the lower quartile, the median and the upper quartile.
fn quartiles(sorted: &[f64]) -> [f64; 3] {
    let last = sorted.len() - 1;
    [last / 4, last / 2, (3 * last).div_ceil(4)].map(|at| sorted[at])
}

/// Returns the allocations of each way at each task.
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

/// Returns the comparisons that corepool loses by more than two percent.
fn losses(samples: &Samples) -> String {
    let mut text = String::new();
    for task in &samples.tasks {
        for heap in &samples.heaps {
            let ways = samples.ways[task].iter().filter(|way| *way != "no buffer");
            let better = ways.filter_map(|way| {
                let ratio = samples.ratio(task, way, heap)?;
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

/// Returns the rows that the recipes printed, under one heading.
fn recipes(text: &str) -> String {
    let mut rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    let head: Vec<_> = rows.drain(..rows.len().min(2)).collect();
    rows.retain(|row| !head.contains(row));
    let lines = [head, rows].concat().join("\n");
    format!(
        "\n### Recipes\n\nWith the system's allocator; each recipe in its own process.\n\n{lines}\n\n"
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
