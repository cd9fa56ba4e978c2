//! A task that is ready to run, as the queues hold it.

use std::ptr::NonNull;

/// A task that is ready to run. Its metadata is the number of its runtime.
pub(crate) type Runnable = async_task::Runnable<u64>;

/// A task that is ready to run, as one word: the result of `Runnable::into_raw`. It is the only
/// handle that can run the task.
pub(crate) type Ready = NonNull<()>;

/// Polls a task. Its panics are caught by the task itself.
#[inline]
pub(crate) fn run(task: Ready) {
    // SAFETY: it comes from `Runnable::into_raw`, and is the only handle.
    unsafe { Runnable::from_raw(task) }.run();
}

/// Drops the future of a task without polling it.
pub(crate) fn cancel(task: Ready) {
    // SAFETY: as in `run`.
    drop(unsafe { Runnable::from_raw(task) });
}
