//! Pools without memory. These tests are a binary of their own since its global allocator refuses memory to
//! threads that ask for that.

mod allocator;
#[cfg(feature = "bytes")]
mod buffers;
mod counting;
mod first_use;
mod growth;
mod items;
#[path = "../process/program.rs"]
mod program;
mod seats;

use program::{argument, start};

/// Runs `program` in a process of its own, and expects the process to end well.
fn alone(program: impl FnOnce()) {
    if argument().is_some() {
        return program();
    }
    let end = start(0);
    assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
}
