//! Compares corepool's runtime with tokio's multi-threaded one.
//!
//! ```text
//! corepool-rt-bench switch [ROUNDS]     chained spawn, spawn many, yield, ping-pong
//! corepool-rt-bench stall               how long short tasks wait behind stuck polls
//! corepool-rt-bench busy                100 tasks of 50 ms of processor time on 2 workers
//! corepool-rt-bench memory [tokio]      bytes per parked task
//! corepool-rt-bench idle                processor time of five seconds without work
//! corepool-rt-bench report FOLDER PAGE  writes the page's tables from the files in the folder
//! ```

mod cost;
mod report;
mod side;
mod stall;
mod switch;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.get(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    match args.first().map(String::as_str) {
        Some("switch") => switch::run(rounds, args.get(2).map(String::as_str)),
        Some("stall") => stall::run(),
        Some("busy") => cost::busy(),
        Some("memory") => cost::memory(),
        Some("idle") => cost::idle(),
        Some("report") if args.len() == 3 => {
            report::write(args[1].as_ref(), args[2].as_ref()).expect("the report");
        }
        _ => {
            eprintln!(
                "usage: corepool-rt-bench switch [ROUNDS] | stall | busy | memory [tokio] | idle | report FOLDER PAGE"
            );
            std::process::exit(2);
        }
    }
}
