//! What becomes of pools when their process forks, exits, or holds the crate twice.
//!
//! Each test starts the test binary again to run its program there, in a process that has nothing
//! else in it, and watches it end.
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

/// Runs `program`, a closure of the test that calls this, in a process of its own, and tells how it
/// ended. `None` in that process, where a panic is the end, whatever thread it is in and whoever
/// waits for that.
fn run<F: FnOnce()>(program: F) -> Option<End> {
    if argument().is_none() {
        return Some(start(0, &program));
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

/// Runs `program` as [`run`] does, and expects it to end well.
fn alone<F: FnOnce()>(program: F) {
    if let Some(end) = run(program) {
        assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
    }
}
