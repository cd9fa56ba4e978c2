//! Pools without memory. These tests are a separate binary because its global allocator refuses
//! memory to threads that request it.

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

/// Runs `program` in a process of its own, which must succeed.
fn alone(program: impl FnOnce()) {
    if argument().is_some() {
        return program();
    }
    let end = start(0);
    assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
}
