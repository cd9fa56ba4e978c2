//! The integration tests: one binary, one module for each group of promises.
//!
//! `collect` is process-wide, and so is what a thread's exit does to every
//! pool. Tests that say where objects are take [`util::alone`] and run one at
//! a time. Planned panics go through `resume_unwind`, which prints nothing.

mod ageing;
mod bounds;
mod contract;
mod epochs;
mod guards;
mod hooks;
mod last_handle;
mod layout_trace;
mod ledger;
mod manage;
mod objects;
mod on_collect;
mod owned;
mod paced;
mod panics;
mod per_seat;
mod reach;
#[path = "../common/relay.rs"]
mod relay;
#[path = "../common/rng.rs"]
mod rng;
mod scoped;
mod statics;
mod stats;
mod surface;
mod teardown;
mod threads;
mod types;
mod util;
mod weights;
