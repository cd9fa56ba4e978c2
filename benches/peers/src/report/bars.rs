//! Bar charts: the peers at one workload, for its first numbers of threads.

use crate::{
    report::{samples::Samples, spread::number, svg::Plot, table::is_ours},
    work::Workload,
};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 56.0;
const BAR: f64 = 13.0;
const GAP: f64 = 6.0;
/// Bars longer than this multiple of corepool's are cut.
const CUT: f64 = 15.0;

/// Returns the end of the axis in nanoseconds; longer bars are cut.
fn limit(workload: &Workload, samples: &Samples, peers: &[String], shown: &[usize]) -> f64 {
    let times = |ours: bool| {
        let of = move |peer: &&String| !ours || is_ours(peer);
        let all = peers
            .iter()
            .filter(of)
            .flat_map(|peer| shown.iter().filter_map(|&t| samples.figure(workload.name, t, peer)));
        all.map(|figure| figure.time.median)
    };
    let longest = times(false).fold(0.0, f64::max);
    let least = times(true).fold(f64::INFINITY, f64::min);
    longest.min(least * CUT)
}

pub fn plot(workload: &Workload, samples: &Samples) -> String {
    let shown = &workload.threads[..workload.threads.len().min(2)];
    let peers = samples.peers(workload.name, shown[0]);
    let limit = limit(workload, samples, &peers, shown);
    let row = BAR * shown.len() as f64 + GAP;
    let mut plot = Plot::new(WIDTH, TOP + row * peers.len() as f64 + GAP);
    let title = workload.title.replace('`', "");
    plot.text("bold", 12.0, 22.0, &format!("{title}: ns per operation, less is better"));
    let threads: Vec<_> = shown.iter().map(ToString::to_string).collect();
    let order = format!(
        "from top to bottom: {} threads; a bar that ends with » is cut",
        threads.join(", ")
    );
    plot.text("soft", 12.0, 40.0, &order);
    for (i, peer) in peers.iter().enumerate() {
        let y = TOP + row * i as f64;
        let class = if is_ours(peer) { "end bold" } else { "end" };
        plot.text(class, LEFT - 8.0, y + row / 2.0 + 1.0, peer);
        for (j, &threads) in shown.iter().enumerate() {
            if let Some(figure) = samples.figure(workload.name, threads, peer) {
                bar(&mut plot, peer, j, y + BAR * j as f64, figure.time.median, limit);
            }
        }
    }
    plot.finish()
}

fn bar(plot: &mut Plot, peer: &str, place: usize, y: f64, time: f64, limit: f64) {
    let class = match (is_ours(peer), place) {
        (true, 0) => "ours",
        (true, _) => "ours2",
        (false, 0) => "other",
        (false, _) => "other2",
    };
    let width = (WIDTH - LEFT - RIGHT) * time.min(limit) / limit;
    plot.bar(class, LEFT, y, width, BAR - 1.0);
    let cut = if time > limit { "» " } else { "" };
    plot.text("soft", LEFT + width + 5.0, y + BAR - 2.5, &format!("{cut}{}", number(time)));
}
