//! What a program may have done before it uses pools.

use super::fork;
use crate::seat::table::Seats;

/// Prepares the process for its first use of a pool, and for its first collect.
///
/// No program needs this. On Linux it registers the process for the system call `membarrier`, which
/// takes microseconds at the beginning of `main`, and milliseconds if other threads are running. Otherwise
/// the first thread that leaves several objects idle does so if it is the only one of the process, or
/// else a thread of this crate. Until it is done, a `get` creates an object rather than recall one that
/// another thread keeps. Only a call that must recall waits, such as [`try_get`](crate::Pool::try_get).
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
