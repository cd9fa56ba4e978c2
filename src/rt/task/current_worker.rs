//! Which worker polls the running task.

use std::marker::PhantomData;

use crate::rt::context::current;

/// The worker that polls the running task: the result of [`current_worker`].
///
/// It is not `Send`, so a task cannot keep it across an `await`, after which it may run on another
/// worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    index: usize,
    not_send: PhantomData<*const ()>,
}

impl Worker {
    /// The worker's index: for example, an index into an array with one entry per worker.
    ///
    /// It is the number of the worker's P, less than the sum of
    /// [`max_threads`](crate::rt::Builder::max_threads) and
    /// [`max_blocking_threads`](crate::rt::Builder::max_blocking_threads). A thread that becomes a worker gets the
    /// lowest free index; so while no worker is stuck or blocks, all indices are less than
    /// [`workers`](crate::rt::Builder::workers).
    ///
    /// The index is exclusive to this thread until the current poll returns.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// Returns the worker that polls the running task. `None` outside of tasks, and inside `block_on`.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Runtime, current_worker};
///
/// let runtime = Runtime::builder().workers(2).max_threads(8).build()?;
/// let task = runtime.spawn(async { current_worker().unwrap().index() });
/// assert!(runtime.block_on(task).unwrap() < 8);
/// assert!(current_worker().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn current_worker() -> Option<Worker> {
    current::worker(|worker| worker.map(|(_, p)| Worker { index: p.id, not_send: PhantomData }))
}
