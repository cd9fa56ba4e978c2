//! Whole pools under random schedules, run by `ci/schedules`. They are part of the crate because
//! they replace the primitives in `src/sync` by those of the scheduler.
//!
//! These runs are larger than models can be: several pools, up to six threads, each with a few
//! dozen operations. Every scenario runs under a scheduler that chooses at random, and under PCT
//! (probabilistic concurrency testing), which preempts threads at two places only; from a fixed
//! seed and from a fresh one.
//!
//! They check that an object has one holder at a time, which sees the writes of the previous one;
//! that it is dropped exactly once, and by ageing not before its second step; that a bound is not
//! exceeded; and that pools at rest are consistent: see `quiescent.rs`.

#[path = "../common/steps.rs"]
mod steps;

mod actor;
mod coverage;
mod ledger;
mod process;
mod quiescent;
mod random;
mod run;
mod scenarios;
