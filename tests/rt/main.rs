//! The runtime.
//!
//! No test depends on how quick the machine is: what must come comes within [`util::LONG`], and what may
//! hang, or leaves threads that never return, is done in a process of its own.

#![cfg(not(any(loom, shuttle)))]

mod fairness;
#[cfg(unix)]
mod fork;
mod index;
mod input;
mod metrics;
mod parallel;
mod pools;
mod shutdown;
mod stalls;
mod tasks;
mod timers;
#[path = "../../examples/trap.rs"]
#[allow(dead_code, unreachable_pub)]
mod trap;
mod traps;
mod util;
mod workers;
