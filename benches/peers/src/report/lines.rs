//! Line charts: the time of an operation by the number of threads.

use crate::{
    report::{samples::Samples, spread::number, svg::Plot, table::is_ours},
    work::Workload,
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 470.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 225.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 40.0;
/// The distance between the names on the right.
const NAME: f64 = 17.0;

struct Axes {
    low: f64,
    high: f64,
    steps: usize,
}

impl Axes {
    fn x(&self, place: usize) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * place as f64 / (self.steps - 1) as f64
    }

    fn y(&self, time: f64) -> f64 {
        let part = (time.log10() - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
    }
}

pub fn plot(workload: &Workload, samples: &Samples) -> String {
    let last = *workload.threads.last().unwrap();
    let peers = samples.peers(workload.name, last);
    let times = |peer: &String| -> Vec<f64> {
        let figures =
            workload.threads.iter().filter_map(|&t| samples.figure(workload.name, t, peer));
        figures.map(|figure| figure.time.median).collect()
    };
    let all: Vec<f64> = peers.iter().flat_map(times).collect();
    let axes = Axes {
        low: all.iter().copied().fold(f64::INFINITY, f64::min).log10().floor(),
        high: all.iter().copied().fold(0.0, f64::max).log10().ceil(),
        steps: workload.threads.len(),
    };
    let mut plot = Plot::new(WIDTH, HEIGHT);
    frame(&mut plot, &axes, workload);
    let ends: Vec<f64> =
        peers.iter().rev().map(|peer| axes.y(*times(peer).last().unwrap())).collect();
    for (peer, name_y) in peers.iter().rev().zip(apart(&ends)) {
        let times = times(peer);
        let points: Vec<_> =
            times.iter().enumerate().map(|(i, &t)| (axes.x(i), axes.y(t))).collect();
        let (x, y) = *points.last().unwrap();
        let (line, name) = if is_ours(peer) { ("line mine", "bold") } else { ("line", "soft") };
        plot.line(line, &points);
        plot.line("rule", &[(x, y), (x + 14.0, name_y)]);
        let text = format!("{peer} {}", number(times[times.len() - 1]));
        plot.text(name, x + 18.0, name_y + 4.0, &text);
    }
    plot.finish()
}

/// Moves names at these heights, from the top down, so that no two overlap.
fn apart(heights: &[f64]) -> Vec<f64> {
    let mut least = TOP;
    let down = heights.iter().map(|&y| {
        let y = y.max(least);
        least = y + NAME;
        y
    });
    let lowest = |i: usize| HEIGHT - BOTTOM - NAME * (heights.len() - 1 - i) as f64;
    down.enumerate().map(|(i, y)| y.min(lowest(i))).collect()
}

fn frame(plot: &mut Plot, axes: &Axes, workload: &Workload) {
    let title = format!("{}: ns per operation as threads grow, less is better", workload.title);
    plot.text("bold", 12.0, 22.0, &title);
    plot.text("soft", 12.0, 40.0, "the scale is logarithmic; threads below");
    for power in axes.low as i32..=axes.high as i32 {
        let time = 10f64.powi(power);
        let y = axes.y(time);
        plot.line("rule", &[(LEFT, y), (WIDTH - RIGHT, y)]);
        plot.text("soft end", LEFT - 6.0, y + 4.0, &time.to_string());
    }
    for (i, threads) in workload.threads.iter().enumerate() {
        plot.text("soft middle", axes.x(i), HEIGHT - BOTTOM + 20.0, &threads.to_string());
    }
}
