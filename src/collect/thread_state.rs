//! What is known about the collect thread.

use crate::sync::{Condvar, LazyLock, NativeThread};

/// The state of the [collect thread](super::collect_thread). Used under the registry's lock.
#[derive(Default)]
pub(crate) struct CollectThread {
    /// The thread that was started last, until it is joined or detached.
    pub(super) handle: Option<NativeThread>,
    /// Whether it runs, and has not decided to end.
    pub(super) running: bool,
    /// Whether it runs a collect now.
    pub(super) collecting: bool,
    /// Whether it has ever run a collect.
    pub(super) collected: bool,
    /// Whether the system has refused to start one.
    pub(super) refused: bool,
    /// The number of runtimes, whose monitors read the clock.
    pub(super) monitors: usize,
    /// When a call first saw a request that it left to a monitor: the number of collects, and the
    /// time in milliseconds.
    pub(super) left_to_monitor: Option<(usize, usize)>,
    /// Whether the main thread ends. If the process does not exit then, it ends with its last
    /// thread, which must not be this one.
    pub(super) main_ends: bool,
    /// Whether the process exits.
    pub(super) exiting: bool,
}

/// Wakes the collect thread, and the thread that waits for its end.
pub(super) static WAKE: LazyLock<Condvar> = LazyLock::new(Condvar::new);
