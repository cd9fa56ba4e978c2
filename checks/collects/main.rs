//! What collects cost users, and what they give back: Go's benchmarks of `sync.Pool` that ask it, and
//! what users of pools have reported.
//!
//! ```console
//! $ cargo run --release --example collects -- stall           # BenchmarkPoolSTW: how long users wait
//! $ cargo run --release --example collects -- expensive-new   # BenchmarkPoolExpensiveNew: what is made anew
//! $ cargo run --release --example collects -- retention       # what is held when nobody needs it
//! ```
//!
//! Each line is a figure: of what, which, what is measured, and how much.

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
        Some("expensive-new") => expensive_new::run(),
        #[cfg(target_os = "linux")]
        Some("retention") => retention::run(),
        _ => {
            eprintln!("collects stall | expensive-new | retention");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Prints some figures of one thing.
fn figures(of: &str, which: &str, figures: &[(&str, f64)]) {
    for (what, much) in figures {
        println!("{of}\t{which}\t{what}\t{much:.4}");
    }
}
