//! What a program may have done before it uses pools.

use super::fork;
use crate::seat::table::Seats;

/// Prepares the process for its first use of a pool, and for its first collect.
///
/// No program needs this. On Linux it registers the process for the system call `membarrier`. Otherwise
/// the first collect registers it, or the first `get` that takes an object which another thread keeps.
/// That takes milliseconds if other threads are running, and microseconds at the beginning of `main`.
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
    Seats::process().fence_kind().register();
}
