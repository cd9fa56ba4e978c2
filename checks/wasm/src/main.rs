//! Runs all cases, for targets that have a `main`: `wasm32-wasip1`, and the host.

use corepool_wasm::CASES;

fn main() {
    // A case that fails ends the program, and its name has been printed before.
    for (name, case) in CASES {
        println!("{name}");
        case();
    }
    println!("{} cases passed", CASES.len());
}
