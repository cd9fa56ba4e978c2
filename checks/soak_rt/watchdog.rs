//! Ends a run that hangs.

use std::{
    process::abort,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

use crate::counts::TOTAL;

/// The limit of what takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(75);

static STEPS: AtomicU64 = AtomicU64::new(0);

pub fn step() {
    STEPS.fetch_add(1, Relaxed);
}

pub fn start() {
    thread::spawn(|| {
        let (mut steps, mut seconds) = (0, 0);
        while seconds < 2 * PATIENCE.as_secs() {
            thread::sleep(Duration::from_secs(1));
            let now = STEPS.load(Relaxed);
            seconds = if now == steps { seconds + 1 } else { 0 };
            steps = now;
        }
        eprintln!("soak_rt: it hangs after {steps} runtimes, {TOTAL}");
        abort();
    });
}
