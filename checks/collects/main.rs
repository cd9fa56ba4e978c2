//! What collects cost the users of a pool, and how much memory they free: Go's benchmarks
//! `BenchmarkPoolSTW` and `BenchmarkPoolExpensiveNew`, and cases that users of pools have reported.
//!
//! ```console
//! $ cargo run --release --example collects -- stall           # how long users wait
//! $ cargo run --release --example collects -- disturb         # the speed of users beside collects
//! $ cargo run --release --example collects -- expensive-new   # objects that are created again
//! $ cargo run --release --example collects -- retention       # memory that pools keep after a load
//! ```
//!
//! Each line of output has a program, a variant, a quantity and a value.

mod disturb;
mod expensive_new;
#[cfg(target_os = "linux")]
mod retention;
mod stall;

use std::{alloc::System, env, process::ExitCode};

use corepool::alloc::PacedAlloc;

#[global_allocator]
static ALLOCATOR: PacedAlloc<System> = PacedAlloc::new(System);

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("stall") => stall::run(),
        Some("disturb") => disturb::run(),
        Some("expensive-new") => expensive_new::run(),
        #[cfg(target_os = "linux")]
        Some("retention") => retention::run(),
        _ => {
            eprintln!("collects stall | disturb | expensive-new | retention");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Prints one line for each quantity of a variant.
fn figures(of: &str, which: &str, figures: &[(&str, f64)]) {
    for (what, much) in figures {
        println!("{of}\t{which}\t{what}\t{much:.4}");
    }
}
