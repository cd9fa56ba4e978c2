//! Whole pools under random schedules, run by `ci/schedules`.
//!
//! Larger than what models can hold: several pools, up to six threads, each with some dozens of
//! operations. Every scenario runs under a scheduler that chooses at random, and under PCT, which
//! takes the processor from a thread at two places only; from a fixed seed and from a fresh one.
//!
//! An object has one holder at a time, who sees what the one before it did. It is dropped exactly
//! once, and by ageing not before its second step. A bound is not exceeded. And what is said of
//! pools at rest holds, whatever has been before: see `rest.rs`.

mod actor;
mod ledger;
mod random;
mod rest;
mod run;
mod scenarios;
mod seen;
mod world;
