//! The tests of the runtime, through its public interface.
//!
//! No test depends on the speed of the machine: an expected event has [`util::LONG`] to happen, and
//! a test that may hang, or leaves threads that never return, runs in a process of its own.

#![cfg(not(any(loom, shuttle)))]

mod fairness;
#[cfg(unix)]
mod fork;
mod hooks;
mod index;
mod input;
mod metrics;
mod parallel;
mod per_seat;
mod pools;
mod shutdown;
mod stalls;
mod surface;
mod tasks;
mod timers;
#[path = "../../examples/trap.rs"]
#[allow(dead_code, unreachable_pub)]
mod trap;
mod traps;
mod util;
mod workers;
