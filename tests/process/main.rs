//! Pools in processes that fork, exit, or hold the crate twice. These tests are a binary of their own since
//! each needs a process of its own.
//!
//! Each test starts the test binary again to run its program in a new process, and watches it end.
#![cfg(unix)]

mod due;
mod exits;
mod fork;
mod forks;
mod forks_at_rest;
mod forks_in_hooks;
mod forks_midway;
#[cfg(feature = "bytes")]
mod frozen;
mod hammer;
mod plugin;
mod plugins;
mod pressure;
mod program;
mod threads;

use std::panic;

use program::{End, argument, start};

/// Runs `program` in a process of its own, and reports how it ended: starts the calling test again there, which runs
/// `program` when it comes to this call. Returns `None` in that process, where a panic of any thread ends the process.
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

/// Runs `program` as [`run`] does, and expects the process to end well.
fn alone(program: impl FnOnce()) {
    if let Some(end) = run(program) {
        assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
    }
}
