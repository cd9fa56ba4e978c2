//! Compares corepool with other pools, in one process.
//!
//! ```console
//! $ corepool-peers measure [MILLISECONDS [WORKLOAD]]  # one round: a sample of each peer
//! $ corepool-peers report FOLDER ROOT       # writes ROOT/BENCHMARKS.md and the plots
//! $ corepool-peers paced                    # the cost of counting in an allocator
//! $ corepool-peers counters                 # sharded counters
//! $ corepool-peers forms                    # hooks, bounds, owned guards and buffers, beside the plain guard
//! $ corepool-peers smoke                    # checks that all peers work, and lose no object
//! ```

mod books;
mod clock;
mod counters;
mod forms;
mod paced;
mod peers;
mod pool;
mod report;
mod round;
mod things;
mod work;

use std::{env, process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure"] => round::run(Duration::from_millis(30), None),
        ["measure", time] => round::run(milliseconds(time), None),
        ["measure", time, workload] => round::run(milliseconds(time), Some(workload)),
        ["report", folder, root] => {
            report::write(folder.as_ref(), root.as_ref()).expect("the report");
        }
        ["paced"] => paced::measure(),
        ["counters"] => counters::measure(),
        ["forms"] => forms::measure(),
        ["smoke"] => {
            books::check();
            round::run(Duration::from_millis(1), None);
        }
        _ => {
            eprintln!(
                "corepool-peers measure [MILLISECONDS [WORKLOAD]] | report FOLDER ROOT | paced | counters | forms | smoke"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn milliseconds(text: &str) -> Duration {
    Duration::from_millis(text.parse().expect("milliseconds"))
}
