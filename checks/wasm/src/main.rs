//! Runs all cases, for targets that have a `main`: `wasm32-wasip1`, and the host. With the argument `hits`, prints
//! how long a hit takes instead.

use std::time::Instant;

use corepool_wasm::{CASES, cases::hits};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("hits") {
        const TIMES: u32 = 5_000_000;
        hits(TIMES as usize);
        let start = Instant::now();
        hits(TIMES as usize);
        let nanoseconds = start.elapsed().as_nanos() as f64 / f64::from(TIMES);
        return println!("a hit takes {nanoseconds:.1} ns");
    }
    // A case that fails ends the program, and its name has been printed before.
    for (name, case) in CASES {
        println!("{name}");
        case();
    }
    println!("{} cases passed", CASES.len());
}
