//! What collects cost those who use pools, as Go's benchmarks of `sync.Pool` ask it.
//!
//! ```console
//! $ cargo run --release --example collects -- stall           # BenchmarkPoolSTW: how long users wait
//! $ cargo run --release --example collects -- expensive-new   # BenchmarkPoolExpensiveNew: what is made anew
//! ```

mod expensive_new;
mod stall;

use std::{alloc::System, env, process::ExitCode};

use corepool::alloc::PacedAlloc;

#[global_allocator]
static ALLOCATOR: PacedAlloc<System> = PacedAlloc::new(System);

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("stall") => stall::run(),
        Some("expensive-new") => expensive_new::run(),
        _ => {
            eprintln!("collects stall | expensive-new");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
