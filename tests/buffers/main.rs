//! The tests of byte buffers, in a binary of their own: its allocator counts.
//!
//! What is alive, and what a collect does, belong to the process. So every test runs alone.

#![cfg(all(feature = "bytes", feature = "zeroize"))]

mod allocator;
mod contract;
mod frozen;
mod hostile;
mod learning;
mod model;
mod passing;
mod retention;
mod traits;
#[path = "../it/util.rs"]
#[allow(dead_code)]
mod util;
mod wiping;

use std::sync::Mutex;

use corepool::buffer::BufferPool;

/// A pool that stays, with nothing in it yet.
fn new_static() -> &'static BufferPool {
    // Where a leak detector finds them.
    static ALL: Mutex<Vec<&'static BufferPool>> = Mutex::new(Vec::new());
    let pool = Box::leak(Box::default());
    ALL.lock().unwrap().push(pool);
    pool
}
