//! What a program may have done before it uses pools.

use super::fork;
use crate::seat::table::Seats;

/// Prepares the process for its first use of a pool, and for its first collect.
///
/// No program needs this. Without it the first collect does the work, or the first call that takes an
/// object from another, idle thread: on Linux it registers the process for a system call, which takes
/// up to some milliseconds if other threads are running. At the beginning of `main` it takes
/// microseconds.
///
/// # Examples
///
/// ```
/// // At the beginning of `main`, before threads are started.
/// corepool::init();
/// ```
pub fn init() {
    // Before the seats.
    fork::watch();
    Seats::process().fence_kind().prepare();
}
