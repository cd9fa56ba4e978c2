//! Whole pools under random schedules, run by `ci/schedules`.
//!
//! Larger than what models can hold: several pools, up to six threads, each with some dozens of
//! operations. Every scenario runs under a scheduler that always chooses at random, and under one
//! that seldom takes the processor from a thread (PCT, with two such places), from a fixed seed and
//! from a fresh one. An object has one holder at a time, who sees what the one before it did, and is
//! dropped exactly once, by ageing not before its second step; and what is said of a pool at rest
//! holds whatever has been before.

mod actor;
mod ledger;
mod random;
mod rest;
mod run;
mod scenarios;
mod seen;
mod world;
