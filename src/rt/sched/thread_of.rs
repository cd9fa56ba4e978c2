//! Which runtime has started the calling thread. Unlike the [current](crate::rt::context::current)
//! runtime, this does not change while the thread runs.

use std::cell::Cell;

use crate::sync::worker_local;

worker_local! {
    /// The number of the runtime, or 0. Without a destructor, so that it can be read in the
    /// destructors of other thread-locals.
    static THREAD_OF: Cell<u64> = const { Cell::new(0) };
}

/// Marks the calling thread as one that the runtime `id` has started.
pub(crate) fn set(id: u64) {
    THREAD_OF.with(|thread_of| thread_of.set(id));
}

/// Returns the number of the runtime that has started the calling thread, or 0.
pub(crate) fn get() -> u64 {
    THREAD_OF.with(Cell::get)
}

/// Returns whether the runtime `id` has started the calling thread: true even in foreign code, and
/// inside `block_on` of another runtime.
pub(crate) fn is(id: u64) -> bool {
    THREAD_OF.with(|thread_of| thread_of.get() == id)
}
