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
