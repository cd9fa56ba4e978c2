//! Compares a way to do a task that pools with one that does not. Several examples share it.

use std::time::{Duration, Instant};

/// Prints how many times as fast `pooled` is as `fresh`.
///
/// They take turns: in each of 301 rounds each runs for about half a millisecond. The figure is the median
/// of the ratios within a round. With `--quick` there are three rounds.
pub(crate) fn compare(task: &str, mut fresh: impl FnMut(), mut pooled: impl FnMut()) {
    let rounds = if std::env::args().any(|arg| arg == "--quick") { 3 } else { 301 };
    let repeats = repeats(&mut fresh).max(repeats(&mut pooled));
    let mut ratios: Vec<f64> = (0..rounds)
        .map(|round| {
            // The one that runs first may be at a disadvantage.
            if round % 2 == 0 {
                let fresh = time(&mut fresh, repeats);
                fresh.as_secs_f64() / time(&mut pooled, repeats).as_secs_f64()
            } else {
                let pooled = time(&mut pooled, repeats);
                time(&mut fresh, repeats).as_secs_f64() / pooled.as_secs_f64()
            }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let [low, median, high] =
        [rounds / 4, rounds / 2, rounds - 1 - rounds / 4].map(|at| ratios[at]);
    println!("{task}: {median:.2} times as fast as without a pool ({low:.2} to {high:.2})");
}

fn time(task: &mut impl FnMut(), repeats: u32) -> Duration {
    let start = Instant::now();
    (0..repeats).for_each(|_| task());
    start.elapsed()
}

/// Returns how often to repeat a task in a round. This also warms it up.
fn repeats(task: &mut impl FnMut()) -> u32 {
    let mut repeats = 1;
    while time(task, repeats) < Duration::from_micros(500) && repeats < 1 << 20 {
        repeats *= 2;
    }
    repeats
}
