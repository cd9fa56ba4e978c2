//! Pools in processes that fork, exit, or load several copies of the crate. These tests are a
//! separate binary because each needs a process of its own.
//!
//! Each test starts the test binary again to run its program in a new process, and waits for its
//! end.
#![cfg(unix)]

mod collect_thread;
mod exits;
#[cfg(target_os = "linux")]
mod fences;
mod fork;
mod forks;
mod forks_at_rest;
mod forks_in_hooks;
mod forks_midway;
#[cfg(feature = "bytes")]
mod frozen;
mod hammer;
#[cfg(feature = "metrics")]
mod metrics;
mod plugin;
mod plugins;
mod pressure;
mod program;
#[path = "../common/rng.rs"]
mod rng;
mod schedule;
mod threads;

use std::panic;

use program::{End, argument, start};

/// Runs `program` in a process of its own, and reports how it ended: the calling test starts again
/// in the new process, and runs `program` when it reaches this call. Returns `None` in that
/// process, where a panic of any thread ends the process.
fn run(program: impl FnOnce()) -> Option<End> {
    if argument().is_none() {
        return Some(start(0));
    }
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        // SAFETY: the call takes an integer.
        unsafe { libc::_exit(101) };
    }));
    program();
    None
}

/// Runs `program` like [`run`]. The process must succeed.
fn alone(program: impl FnOnce()) {
    if let Some(end) = run(program) {
        assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
    }
}
