//! Byte buffers and contexts in programs that use them: created each time, kept by a thread, or
//! from corepool.
//!
//! ```console
//! $ corepool-buffers measure              # one round: allocator, table, way, nanoseconds, ratio
//! $ corepool-buffers count                # allocations of each way, as lines (feature `count`)
//! $ corepool-buffers pass SECONDS         # buffers that one thread gets and another drops
//! $ corepool-buffers report FOLDER PAGE   # writes the tables of the lines in FOLDER to PAGE
//! $ corepool-buffers smoke                # checks that everything works
//! ```

mod heap;
mod pass;
mod report;
mod work;

use std::{env, process::ExitCode, time::Duration};

use corepool_recipes::Effort;

/// The number of samples of each way in a process. The result of the process is their median.
const SAMPLES: usize = 101;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure"] => measure(SAMPLES),
        ["count"] => count(),
        ["pass", seconds] => pass::run(Duration::from_secs(seconds.parse().expect("seconds"))),
        ["report", folder, page] => {
            report::write(folder.as_ref(), page.as_ref()).expect("the report")
        }
        ["smoke"] => {
            measure(3);
            pass::run(Duration::from_millis(200));
        }
        _ => {
            eprintln!(
                "corepool-buffers measure | count | pass SECONDS | report FOLDER PAGE | smoke"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Prints times, and ratios to corepool's time: a ratio above 1 means that corepool is faster.
fn measure(rounds: usize) {
    let effort = Effort { rounds, sample: Duration::from_millis(1) };
    work::for_each_table(|table| {
        table.measure(effort);
        for name in table.names() {
            let ([_, median, _], ratio) = (table.quartiles(name), table.ratio(name, "corepool"));
            println!("{}\t{}\t{name}\t{median:.1}\t{ratio:.4}", heap::NAME, table.title());
        }
    });
}

/// Counts the allocations of the second thousand calls, after the first thousand have warmed up.
fn count() {
    work::for_each_table(|table| {
        let counts = table.each(|work| {
            (0..1000).for_each(|_| work());
            heap::requests(|| (0..1000).for_each(|_| work()))
        });
        for (name, count) in table.names().zip(counts) {
            println!("{}\t{name}\t{:.2}", table.title(), count as f64 / 1000.0);
        }
    });
}
