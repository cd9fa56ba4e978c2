//! The report at the end of a run.

use crate::faults::{FAULTS, Fault};
use crate::ledger::{Count, LEDGERS, Ledger, Run};
use crate::local::{Op, TOTALS};

/// Returns the number of operations of all threads that have ended.
pub fn operations() -> u64 {
    TOTALS.iter().map(Count::get).sum()
}

fn objects(of: impl Fn(&Ledger) -> &Count) -> u64 {
    LEDGERS.iter().map(|ledger| of(ledger).get()).sum()
}

pub fn print(threads: u64, pauses: u64) {
    let run = Run::get();
    let (args, seconds) = (run.args, run.seconds());
    println!("seconds     {seconds:.1}");
    println!("threads     {threads} started, {} at a time", args.threads);
    println!("pools       {}", args.pools);
    let all = operations();
    println!("operations  {all}, {:.1} million a second", all as f64 / seconds / 1e6);
    for (op, total) in Op::ALL.iter().zip(&TOTALS) {
        println!("  {:<10}{}", format!("{op:?}"), total.get());
    }
    println!(
        "objects     {} created, {} dropped, {} leaked, {} detached",
        objects(|ledger| &ledger.created),
        objects(|ledger| &ledger.dropped),
        objects(|ledger| &ledger.leaked),
        objects(|ledger| &ledger.detached),
    );
    println!("panics injected");
    for (fault, count) in Fault::ALL.iter().zip(&FAULTS) {
        println!("  {:<10} {}", format!("{fault:?}"), count.get());
    }
    #[cfg(target_os = "linux")]
    stalls();
    println!("ledgers compared {pauses} times at rest");
    println!("violations  0");
    println!("seed        {}", args.seed);
}

#[cfg(target_os = "linux")]
fn stalls() {
    use crate::stalls::{KNOWS_PINS, SIGNALS, STALLS};

    let place = if KNOWS_PINS { "inside a pin" } else { "anywhere" };
    println!("stalls      {} {place}, by {} signals", STALLS.get(), SIGNALS.get());
}
