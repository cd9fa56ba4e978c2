//! The cases, as a test. The test harness runs it on a thread of its own.

use corepool_downstream::{CASES, run};

#[test]
fn cases_pass() {
    CASES.iter().for_each(run);
}

#[test]
fn cases_pass_on_another_thread() {
    std::thread::spawn(|| CASES.iter().rev().for_each(run)).join().unwrap();
}
