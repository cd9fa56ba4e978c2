//! A thread that gets nowhere for too long is a failure.

use std::process::abort;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use crate::ledger::Run;
use crate::station::{Station, WORKING};

/// Watches over all stations for ever. Takes no locks and uses no pools.
pub fn watch(main: &'static Station, stations: &'static [Station]) -> ! {
    let all: Vec<_> = [main].into_iter().chain(stations).collect();
    let mut last = vec![(0, 0); all.len()];
    loop {
        thread::sleep(Duration::from_secs(1));
        for (station, (steps, seconds)) in all.iter().zip(&mut last) {
            let now = station.steps.load(Relaxed);
            let moves = now != *steps || station.state.load(Relaxed) != WORKING;
            (*steps, *seconds) = (now, if moves { 0 } else { *seconds + 1 });
        }
        if last.iter().any(|&(_, seconds)| seconds >= Run::get().args.patience) {
            eprintln!(
                "soak: HANG after {:.0} s; the first is the main thread",
                Run::get().seconds()
            );
            for (station, (_, seconds)) in all.iter().zip(&last) {
                eprintln!("  for {seconds} s: {}", station.doing());
            }
            abort();
        }
    }
}
