//! The table of a workload, and the list of the comparisons that corepool loses.

use crate::{
    report::{
        samples::{Figure, Samples},
        spread::{Spread, number},
    },
    work::{Made, Workload},
};

/// Returns the peer that the others are compared with: corepool's guards, or values if there are no
/// guards.
pub fn ours(workload: &Workload, samples: &Samples) -> &'static str {
    let guards = samples.figure(workload.name, workload.threads[0], "corepool");
    if guards.is_some() { "corepool" } else { "corepool, take and put" }
}

pub fn is_ours(peer: &str) -> bool {
    peer.starts_with("corepool")
}

/// Returns "lost" if a peer is faster, and whether that may be chance.
fn lost(peer: &str, theirs: &Spread, ours: &Spread) -> &'static str {
    match () {
        _ if is_ours(peer) || theirs.median >= ours.median => "",
        _ if theirs.overlaps(ours) => " **lost**, within the spread",
        _ => " **lost**",
    }
}

/// Objects created for each operation are shown if there are more than this.
const FEW: f64 = 0.01;

fn made(workload: &Workload, figure: &Figure) -> String {
    match workload.made {
        Made::InAll => format!("; made {:.0}", figure.made),
        Made::PerOperation if figure.made_each > FEW => {
            format!("; made {}", number(figure.made_each))
        }
        Made::PerOperation => String::new(),
    }
}

fn cell(workload: &Workload, samples: &Samples, threads: usize, peer: &str) -> String {
    let base = samples.figure(workload.name, threads, ours(workload, samples));
    let figure = samples.figure(workload.name, threads, peer);
    let (Some(base), Some(figure)) = (base, figure) else {
        return String::new();
    };
    let made = made(workload, &figure);
    if peer == ours(workload, samples) {
        return format!("**{}**{made}", figure.time.show());
    }
    let times = number(figure.time.median / base.time.median);
    let lost = lost(peer, &figure.time, &base.time);
    format!("{} ×{times}{lost}{made}", figure.time.show())
}

fn threads_title(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

pub fn table(workload: &Workload, samples: &Samples) -> String {
    let titles: Vec<_> = workload.threads.iter().map(|&t| threads_title(t)).collect();
    let mut text = format!("| | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
    for peer in samples.peers(workload.name, workload.threads[0]) {
        let cells: Vec<_> =
            workload.threads.iter().map(|&t| cell(workload, samples, t, &peer)).collect();
        let name = if is_ours(&peer) { format!("**{peer}**") } else { peer };
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    text
}

/// Returns the peers that are faster at a workload, for the list of losses.
pub fn losses(workload: &Workload, samples: &Samples) -> Vec<String> {
    let each = |&threads: &usize| {
        let base = samples.figure(workload.name, threads, ours(workload, samples))?.time;
        let quicker: Vec<_> = samples
            .peers(workload.name, threads)
            .into_iter()
            .filter_map(|peer| {
                let time = samples.figure(workload.name, threads, &peer)?.time;
                let lost = !lost(&peer, &time, &base).is_empty();
                lost.then(|| format!("{peer} ×{}", number(time.median / base.median)))
            })
            .collect();
        let title = threads_title(threads);
        (!quicker.is_empty())
            .then(|| format!("| {} | {title} | {} |", workload.title, quicker.join(", ")))
    };
    workload.threads.iter().filter_map(each).collect()
}
