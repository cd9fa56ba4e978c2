//! The tests of byte buffers. They are a separate binary because its global allocator counts.
//!
//! The live memory, and what a collect does, belong to the process, so every test runs alone.
//!
//! The tests of retention come from reports about other pools:
//!
//! | what | report | where |
//! |---|---|---|
//! | a few large uses, then only small ones | golang/go#23199 | `retention` |
//! | rare large uses among very many small ones | golang/go#27740 | `retention` |
//! | each use is a little larger than the one before | grpc/grpc-go#8500 | `retention` |
//! | a buffer is got on one thread and dropped on another | microsoft/garnet#2063 | `passing`, `reach` |
//! | a burst, then almost no use | | `retention` |
//! | a slice of a frozen buffer, and the memory that it keeps | | `frozen` |
//! | threads and processes end, and processes fork | | `frozen`, and `frozen` in `process` |
//! | uses that fail | | `retention` |
//! | allocations: none for a buffer, one to freeze it | | `frozen` |

#![cfg(all(feature = "bytes", feature = "zeroize"))]

mod allocator;
mod contract;
mod frozen;
mod hostile;
mod learning;
mod model;
mod options;
mod owned;
mod passing;
mod reach;
#[path = "../common/relay.rs"]
mod relay;
mod retention;
mod surface;
mod traits;
#[path = "../it/util.rs"]
#[allow(dead_code)]
mod util;
mod wiping;

use std::sync::Mutex;

use corepool::buffer::BufferPool;

/// Returns a leaked, empty pool.
fn new_static() -> &'static BufferPool {
    // In a static, so that leak detectors do not report the pools.
    static ALL: Mutex<Vec<&'static BufferPool>> = Mutex::new(Vec::new());
    let pool = Box::leak(Box::default());
    ALL.lock().unwrap().push(pool);
    pool
}
