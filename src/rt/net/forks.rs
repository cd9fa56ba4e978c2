//! How often the process has forked, counted in the child.
//!
//! A child has a copy of its parent's sockets, but the poller's own sockets are shared with the
//! parent. What the child changed there would be changed in the parent. So a socket of the parent's
//! runtime refuses to work in the child, and its drop only closes it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static FORKS: AtomicUsize = AtomicUsize::new(0);

/// Called in the child, by its only thread.
pub(crate) fn count_in_child() {
    FORKS.fetch_add(1, Relaxed);
}

pub(crate) fn count() -> usize {
    FORKS.load(Relaxed)
}
