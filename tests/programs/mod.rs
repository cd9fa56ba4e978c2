//! Random programs against reference models.
//!
//! A program is a list of operations on a part of the crate, run by *virtual threads*: one OS
//! thread that acts for several, each with a seat of its own. After each operation the part is
//! compared with a plain model of what it must do.
//!
//! Programs come from three sources: the fuzzer's bytes, of which any sequence is a program; the
//! seeds that are committed with it (`seeds.rs`); and proptest, which generates the operations
//! themselves so that it can shrink them (`random.rs`).
//!
//! To see the program in a file of the fuzzer's, copy the file to the seeds: the failing test
//! prints it.

#[allow(clippy::duplicate_mod, reason = "a part of each suite")]
#[path = "../common/steps.rs"]
mod steps;

mod bytes;
mod chain;
mod model;
mod oracle;
mod pool;
mod ring;
mod simulation;
mod sizes;
mod token;

#[cfg(all(test, not(corepool_fuzzing)))]
mod random;
#[cfg(all(test, not(corepool_fuzzing)))]
mod seeds;

use std::fmt::Debug;

use bytes::Bytes;

/// A list of operations, and the initial state.
trait Program: Debug {
    /// Returns the program that these bytes encode.
    fn decode(bytes: &mut Bytes<'_>) -> Self;

    /// Runs the operations on the part and on the model, and panics if they differ.
    fn run(&self);
}

fn run<P: Program>(bytes: &[u8]) {
    let program = P::decode(&mut Bytes(bytes));
    if cfg!(test) {
        println!("{program:#?}");
    }
    program.run();
}

pub fn ring(bytes: &[u8]) {
    run::<ring::Program>(bytes);
}

pub fn chain(bytes: &[u8]) {
    run::<chain::Program>(bytes);
}

pub fn pool(bytes: &[u8]) {
    run::<pool::Program>(bytes);
}

pub fn sizes(bytes: &[u8]) {
    run::<sizes::Program>(bytes);
}
