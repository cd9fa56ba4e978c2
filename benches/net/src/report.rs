//! Writes the tables on the page, between two marks.

use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};

use crate::measure::{CONNECTIONS, SERVERS, SETTINGS};

const BEGIN: &str = "<!-- servers: written by benches/run -->\n";
const END: &str = "<!-- end of servers -->\n";

/// The server to which the others are compared.
const OWN: &str = "corepool";

/// The limit, which is nobody's rival.
const LIMIT: &str = "epoll";

#[derive(Clone, Copy)]
struct Sample {
    requests: f64,
    p99: f64,
    errors: u64,
}

/// The samples of a setting, a number of connections and a server, by their rounds.
type Samples = BTreeMap<(String, usize, String), BTreeMap<usize, Sample>>;

/// Writes the samples in `folder`, and the other measurements, to the page.
pub(crate) fn write(folder: &Path, page: &Path) -> io::Result<()> {
    let samples = parse(&fs::read_to_string(folder.join("servers.tsv"))?)
        .ok_or_else(|| io::Error::other("servers.tsv has a line that is no sample"))?;
    let rest = fs::read_to_string(folder.join("connections.md"))?;
    let text = fs::read_to_string(page)?;
    let no_marks = || io::Error::other("the page has no marks for the servers");
    let (before, old) = text.split_once(BEGIN).ok_or_else(no_marks)?;
    let (_, after) = old.split_once(END).ok_or_else(no_marks)?;
    let tables: String = SETTINGS.iter().map(|it| table(it.name, it.title, &samples)).collect();
    fs::write(page, format!("{before}{BEGIN}\n{tables}{rest}\n{END}{after}"))
}

fn parse(text: &str) -> Option<Samples> {
    let mut samples = Samples::new();
    for line in text.lines() {
        let [round, setting, connections, server, requests, p99, errors] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let sample = Sample {
            requests: requests.parse().ok()?,
            p99: p99.parse().ok()?,
            errors: errors.parse().ok()?,
        };
        let key = (setting.to_owned(), connections.parse().ok()?, server.to_owned());
        samples.entry(key).or_default().insert(round.parse().ok()?, sample);
    }
    Some(samples)
}

fn table(setting: &str, title: &str, samples: &Samples) -> String {
    let heads = CONNECTIONS.map(|n| format!(" requests/s, {n} connections | p99 ms |")).concat();
    let mut text = format!("{title}:\n\n| server |{heads}\n|---|{}\n", "---|".repeat(4));
    for server in SERVERS {
        let row = CONNECTIONS.map(|connections| cells(setting, connections, server, samples));
        if let [Some(few), Some(many)] = &row {
            let name = if server == LIMIT { "a loop around epoll" } else { server };
            writeln!(text, "| {name} | {few} | {many} |").unwrap();
        }
    }
    text + "\n"
}

/// The medians of a server, and those of the ratios to corepool in each round.
fn cells(setting: &str, connections: usize, server: &str, samples: &Samples) -> Option<String> {
    let of = |server: &str| samples.get(&(setting.to_owned(), connections, server.to_owned()));
    let (rounds, own) = (of(server)?, of(OWN)?);
    let requests = median(rounds.values().map(|sample| sample.requests))?;
    let p99 = median(rounds.values().map(|sample| sample.p99))?;
    let errors: u64 = rounds.values().map(|sample| sample.errors).sum();
    let errors = if errors > 0 { format!(", {errors} errors") } else { String::new() };
    if server == OWN {
        return Some(format!("**{requests:.0}**{errors} | **{p99:.2}**"));
    }
    let ratio = |of: fn(&Sample) -> f64| {
        median(rounds.iter().filter_map(|(round, it)| Some(of(it) / of(own.get(round)?))))
    };
    let (more, later) = (ratio(|it| it.requests)?, ratio(|it| it.p99)?);
    let mark = |lost| if lost && server != LIMIT { " **lost**" } else { "" };
    let (fewer, sooner) = (mark(more >= 1.005), mark(later < 0.995));
    Some(format!("{requests:.0} ×{more:.2}{fewer}{errors} | {p99:.2} ×{later:.2}{sooner}"))
}

fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
