//! What pools do when there is no memory: the global allocator of this binary refuses what it is
//! told to.

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

/// Runs `program`, a closure of the test that calls this, in a process of its own, and expects it to
/// end well.
fn alone<F: FnOnce()>(program: F) {
    if argument().is_some() {
        return program();
    }
    let end = start(0, &program);
    assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
}
