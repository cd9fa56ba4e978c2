//! The test suites that see private items. `tests/README.md` describes each, and how to run it.

#[cfg(all(test, loom))]
#[path = "../loom-tests/mod.rs"]
mod models;

#[cfg(all(test, shuttle))]
#[path = "../tests/schedules/mod.rs"]
mod schedules;

#[cfg(any(all(test, not(any(loom, shuttle))), corepool_fuzzing))]
#[allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "the fuzz targets call it"
)]
#[path = "../tests/programs/mod.rs"]
pub mod programs;

#[cfg(all(test, not(any(loom, shuttle))))]
#[path = "../tests/white_box/mod.rs"]
mod white_box;
