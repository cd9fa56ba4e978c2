//! Tasks that do not return from a poll for 100 ms, and short ones behind them.

use std::{
    hint,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::side::{Core, Side, Tokio};

const STALL: Duration = Duration::from_millis(100);
const SHORT: usize = 1000;

pub(crate) fn run() {
    println!(
        "| start of {SHORT} short tasks behind | on | p50 ms | p99 ms | last ms |\n|---|---|---|---|---|"
    );
    for stuck in [1, 2, 6] {
        for spins in [false, true] {
            one::<Core>(stuck, spins);
            one::<Tokio>(stuck, spins);
        }
    }
}

fn one<S: Side>(stuck: usize, spins: bool) {
    let mut all: Vec<Vec<f64>> = (0..5).map(|_| latencies::<S>(stuck, spins)).collect();
    // Sorted by p99, to show the median round.
    all.sort_by(|a, b| a[SHORT * 99 / 100].total_cmp(&b[SHORT * 99 / 100]));
    let middle = &all[all.len() / 2];
    let how = if spins { "spin" } else { "sleep" };
    let [p50, p99, last] = [SHORT / 2, SHORT * 99 / 100, SHORT - 1].map(|i| middle[i]);
    println!("| {stuck} that {how} 100 ms | {} | {p50:.1} | {p99:.1} | {last:.1} |", S::NAME);
}

fn latencies<S: Side>(stuck: usize, spins: bool) -> Vec<f64> {
    let side = S::new(2);
    let (sender, receiver) = mpsc::channel();
    side.run(async move {
        for _ in 0..stuck {
            S::spawn(async move {
                let until = Instant::now() + STALL;
                if spins {
                    while Instant::now() < until {
                        hint::spin_loop();
                    }
                } else {
                    thread::sleep(STALL);
                }
            });
        }
        for _ in 0..SHORT {
            let (sender, spawned) = (sender.clone(), Instant::now());
            S::spawn(async move { sender.send(spawned.elapsed()).unwrap() });
        }
    });
    let mut latencies: Vec<_> =
        receiver.iter().take(SHORT).map(|t| t.as_secs_f64() * 1e3).collect();
    side.end();
    latencies.sort_by(f64::total_cmp);
    latencies
}
