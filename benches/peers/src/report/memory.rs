//! The measurements of memory: each line names a table, a row, a column and a value.

use crate::report::{
    go,
    spread::{Spread, number},
};

/// A table: its name in the lines, a title, a text, and Go's rows in it.
struct About {
    name: &'static str,
    title: &'static str,
    text: &'static str,
    go: &'static [GoRow],
}

/// A row of Go's: its name, the benchmark and threads, and for each column Go's unit and the factor
/// that converts it.
struct GoRow {
    row: &'static str,
    benchmark: &'static str,
    threads: usize,
    columns: &'static [(&'static str, &'static str, f64)],
}

const STW: &[(&str, &str, f64)] = &[("p50", "p50-ns/STW", 1e-3), ("p95", "p95-ns/STW", 1e-3)];
const NEW: &[(&str, &str, f64)] =
    &[("made", "New/op", 1.0), ("collects", "GCs/op", 1.0), ("\u{b5}s", "ns/op", 1e-3)];

const TABLES: &[About] = &[
    About {
        name: "stall",
        title: "Stalls",
        text: "Go's `PoolSTW`: a thread fills a pool with objects and collects; times in \
               microseconds. For Go the figure is the pause of the world. corepool has no such \
               pause: another thread gets and puts all the time, and the figure is its longest \
               call during a collect, whatever the reason. Beside a third thread that once used a \
               pool and is now idle, each collect needs the heavy fence, which interrupts the \
               user: nearly all of its stall is that interrupt. The whole collect is measured \
               without destructors, since there are none to run. It executes about 1400 \
               instructions for 1000 objects and 1500 for 100,000 (`ci/instructions`; the \
               difference is due to private objects, of which a thread has at most 129). Its time \
               grows because it waits for memory: a thread that has just made many objects has \
               evicted its caches. For comparison, a collect of 1000 objects is also measured on \
               a thread that has just made 100,000 boxes of the same size outside any pool.",
        go: &[
            GoRow { row: "Go, 1 thread", benchmark: "BenchmarkPoolSTW", threads: 1, columns: STW },
            GoRow { row: "Go, 2 threads", benchmark: "BenchmarkPoolSTW", threads: 2, columns: STW },
        ],
    },
    About {
        name: "disturb",
        title: "Users beside collects",
        text: "A thread uses a thousand pools in turn, while four collects follow each other: all pairs of \
               these pools and 256 threads have been in use before. Then it does so while the other \
               thread computes something for as long. The speed is a ratio to that of the same \
               round; the longest call is in microseconds, and includes the times in which the \
               system ran other threads.",
        go: &[],
    },
    About {
        name: "expensive-new",
        title: "What collects cost: objects made again",
        text: "Go's `PoolExpensiveNew`: each of 1000 operations uses a hundred objects, each of \
               which takes a millisecond to make, and makes 3 MiB of garbage. `PacedAlloc` runs \
               with its defaults, and what would be garbage in Go is held until a collect. With \
               the same 8 MiB of other memory there are more collects than in Go, whose heap goes \
               on growing while it is marked; with 16 MiB there are about as many.",
        go: &[
            GoRow {
                row: "Go, 8 MiB, 1 thread",
                benchmark: "BenchmarkPoolExpensiveNew",
                threads: 1,
                columns: NEW,
            },
            GoRow {
                row: "Go, 8 MiB, 2 threads",
                benchmark: "BenchmarkPoolExpensiveNew",
                threads: 2,
                columns: NEW,
            },
        ],
    },
    About {
        name: "retention",
        title: "What is held in the end",
        text: "Memory before the load, the maximum, and memory after two collects, high pressure, \
               or the timer. In golang/go#23199 ten threads need 40 MiB each once; the figures \
               are resident memory, the last one while ten other threads go on with small \
               buffers.",
        go: &[],
    },
    About {
        name: "forms",
        title: "The forms of a pool",
        text: "Getting an object and giving it back, with each option, as a ratio to the time of a \
               plain guard in the same round. With 16 threads and a bound of 4, most objects that \
               come back are one too many, and the threads contend for four units.",
        go: &[],
    },
    About {
        name: "counters",
        title: "Sharded counters",
        text: "Nanoseconds of a count, by `corepool-peers counters`. With `PerSeat` a thread may load and store, since no \
               two threads are inside `with` with one value. The values of the thread_local crate belong to a thread \
               as well. Threads may share a place of the array, so it needs `fetch_add`.",
        go: &[],
    },
    About {
        name: "paced",
        title: "What counting costs an allocator",
        text: "Nanoseconds for a pair of `alloc` and `dealloc`, alone and inside `PacedAlloc`.",
        go: &[],
    },
];

/// The values. Each is a list of all its measurements.
#[derive(Default)]
pub struct Lines(Vec<([String; 3], Vec<f64>)>);

impl Lines {
    pub fn parse(text: &str) -> Self {
        let mut lines = Self::default();
        for line in text.lines() {
            lines.add(line).unwrap_or_else(|| panic!("not a figure: {line}"));
        }
        lines
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut parts = line.split('\t');
        let key = [parts.next()?, parts.next()?, parts.next()?].map(str::to_owned);
        let figure = parts.next()?.parse().ok()?;
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some((_, figures)) => figures.push(figure),
            None => self.0.push((key, vec![figure])),
        }
        Some(())
    }

    /// Returns the distinct values of one part of the keys of a table, in the order of the lines.
    fn parts(&self, table: &str, part: usize) -> Vec<&str> {
        let mut parts = Vec::new();
        for (key, _) in self.0.iter().filter(|(key, _)| key[0] == table) {
            if !parts.contains(&key[part].as_str()) {
                parts.push(&key[part]);
            }
        }
        parts
    }

    fn figure(&self, key: [&str; 3]) -> Option<Spread> {
        let (_, figures) = self.0.iter().find(|(other, _)| *other == key)?;
        Some(Spread::of(figures))
    }
}

pub fn section(lines: &Lines, go: &go::Figures) -> String {
    TABLES.iter().filter_map(|about| table(about, lines, go)).collect()
}

fn table(about: &About, lines: &Lines, go: &go::Figures) -> Option<String> {
    let columns = lines.parts(about.name, 2);
    if columns.is_empty() {
        return None;
    }
    let mut text = format!("\n## {}\n\n{}\n\n", about.title, about.text);
    text += &format!("| | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    let mut add = |row: &str, cell: &dyn Fn(&str) -> Option<String>| {
        let cells: Vec<_> = columns.iter().map(|column| cell(column).unwrap_or_default()).collect();
        text += &format!("| {row} | {} |\n", cells.join(" | "));
    };
    for row in lines.parts(about.name, 1) {
        add(row, &|column| Some(show(lines.figure([about.name, row, column])?)));
    }
    for row in about.go {
        add(row.row, &|column| {
            let (_, unit, worth) = row.columns.iter().find(|(name, ..)| *name == column)?;
            let spread = go.figure(row.benchmark, row.threads, unit)?;
            let [low, median, high] = [spread.low, spread.median, spread.high].map(|x| x * worth);
            Some(show(Spread { low, median, high }))
        });
    }
    Some(text)
}

fn show(spread: Spread) -> String {
    if spread.low == spread.high { number(spread.median) } else { spread.show() }
}

#[test]
fn tables() {
    let lines = Lines::parse("stall\ta\tp50\t2\nstall\tb\tp50\t3\nstall\ta\tp50\t4\n");
    let go = go::Figures::parse("BenchmarkPoolSTW \t 9\t 1 ns/op\t 7000 p50-ns/STW\n");
    let text = section(&lines, &go);
    assert!(
        text.contains("| a | 3.00 (2.50–3.50) |\n| b | 3.00 |\n| Go, 1 thread | 7.00 |"),
        "{text}"
    );
}
