//! What a task may ask of its worker.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use super::context;

/// Lets the other tasks of the worker run first: see [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct YieldNow(bool);

/// Puts the task at the end of its worker's queue.
///
/// # Examples
///
/// ```
/// use corepool::rt;
///
/// # async fn example(mut rows: std::vec::IntoIter<u64>) -> u64 {
/// let mut sum = 0;
/// while let Some(row) = rows.next() {
///     sum += row;
///     if row % 1000 == 0 {
///         rt::yield_now().await;
///     }
/// }
/// sum
/// # }
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow(false)
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The worker that polls the running task: see [`current_worker`].
///
/// It stays on its thread, so that it cannot be kept over an `await`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    index: usize,
    here: PhantomData<*const ()>,
}

impl Worker {
    /// The number of the worker's P, from 0 on and less than the runtime's `max_threads`: the lowest
    /// that is free when a thread becomes a worker. While none is stuck or blocks they are less than
    /// `workers`.
    ///
    /// No other thread has the same one before the poll returns in which it was asked for.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// The worker that the calling thread is, if it is polling a task. Not inside a `block_on`.
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
    context::worker(|worker| worker.map(|(_, p)| Worker { index: p.id, here: PhantomData }))
}
