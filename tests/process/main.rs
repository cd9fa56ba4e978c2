//! What becomes of pools when their process forks, exits, or holds the crate twice.
//!
//! Each test starts the test binary again to run its program there, in a process that has nothing
//! else in it, and watches it end.
#![cfg(unix)]

mod exits;
mod fork;
mod forks;
mod forks_at_rest;
mod forks_in_hooks;
mod hammer;
mod plugin;
mod plugins;
mod program;
mod threads;
