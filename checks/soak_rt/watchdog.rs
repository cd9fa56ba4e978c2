//! Ends a run that hangs.

use std::{
    process::abort,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

pub const PATIENCE: Duration = Duration::from_secs(60);

static STEPS: AtomicU64 = AtomicU64::new(0);

pub fn step() {
    STEPS.fetch_add(1, Relaxed);
}

pub fn start() {
    thread::spawn(|| {
        loop {
            let before = STEPS.load(Relaxed);
            thread::sleep(2 * PATIENCE);
            if STEPS.load(Relaxed) == before {
                eprintln!("soak_rt: it hangs");
                abort();
            }
        }
    });
}
