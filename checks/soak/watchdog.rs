//! Aborts the run if a thread makes no progress for too long.

use std::process::abort;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use crate::ledger::Run;
use crate::slot::{ThreadSlot, WORKING};

/// Watches all slots, and never returns. Takes no locks and uses no pools.
pub fn watch(main: &'static ThreadSlot, slots: &'static [ThreadSlot]) -> ! {
    let all: Vec<_> = [main].into_iter().chain(slots).collect();
    let mut last = vec![(0, 0); all.len()];
    loop {
        thread::sleep(Duration::from_secs(1));
        for (slot, (steps, seconds)) in all.iter().zip(&mut last) {
            let now = slot.steps.load(Relaxed);
            let moves = now != *steps || slot.state.load(Relaxed) != WORKING;
            (*steps, *seconds) = (now, if moves { 0 } else { *seconds + 1 });
        }
        if last.iter().any(|&(_, seconds)| seconds >= Run::get().args.patience) {
            eprintln!(
                "soak: HANG after {:.0} s; the first is the main thread",
                Run::get().seconds()
            );
            for (slot, (_, seconds)) in all.iter().zip(&last) {
                eprintln!("  for {seconds} s: {}", slot.doing());
            }
            abort();
        }
    }
}
