//! Pools without memory. These tests are a separate binary because its global allocator refuses
//! memory to threads that request it.

mod allocator;
#[cfg(feature = "bytes")]
mod buffers;
mod counting;
mod first_use;
mod growth;
mod items;
mod per_seat;
#[path = "../process/program.rs"]
mod program;
mod seats;

use program::{argument, start};

/// Registers this thread with `crossbeam-epoch`, which aborts without memory: see `first_use::epochs`.
#[cfg(feature = "bytes")]
fn touch_epochs() {
    let pool: corepool::Pool<u8> = corepool::Pool::new(|| 0);
    (0..9).for_each(|_| pool.put(0));
    // Looks at a chain that holds objects.
    pool.stats();
}

/// Runs `program` in a process of its own, which must succeed.
fn alone(program: impl FnOnce()) {
    if argument().is_some() {
        return program();
    }
    let end = start(0);
    assert!(end.status.success(), "{}:\n{}", end.status, end.printed);
}
