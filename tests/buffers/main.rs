//! The tests of byte buffers, in a binary of their own: its allocator counts.
//!
//! What is alive, and what a collect does, belong to the process. So every test runs alone.
//!
//! Tests of what is retained have a number, by which they are found (`t1` and so on):
//!
//! | | what | where |
//! |---|---|---|
//! | T1 | a few large uses, then small ones for ever: golang/go#23199 | `retention` |
//! | T2 | seldom a large use, amid very many small ones: golang/go#27740 | `retention` |
//! | T3 | each a little larger than the one before: grpc/grpc-go#8500 | `retention` |
//! | T4 | got on one thread, dropped on another: microsoft/garnet#2063 | `passing` |
//! | T5 | a burst, and then next to nothing | `retention` |
//! | T6 | a slice of what is frozen, and what it keeps | `frozen` |
//! | T7 | the end of threads and processes, and forks | `frozen`, and `frozen` of the tests `process` |
//! | T8 | uses that fail | `retention` |
//! | T9 | allocations: none, and one to freeze | `frozen` |

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
