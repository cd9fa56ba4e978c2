//! What a program may have done before it uses pools.

use super::fork;
use crate::seat::table::Seats;

/// Prepares the process for its first use of a pool, and for its first collect.
///
/// No program needs this. On Linux it registers the process for the system call `membarrier`, which
/// takes microseconds at the beginning of `main`, and up to 20 milliseconds if other threads are running.
///
/// Without it, the process is registered when a thread first leaves several objects idle, or first looks
/// for one that another thread keeps. If there are other threads, a thread of this crate does that. Until
/// it is done, a `get` creates an object rather than recall one that another thread keeps; only a call
/// that must find every object waits, such as [`try_get`](crate::Pool::try_get), and so does an exit. If
/// the system refuses to start the thread, a `get` waits as well, once.
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
