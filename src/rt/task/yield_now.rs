//! Letting other tasks run.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct YieldNow(bool);

/// Moves the task to the end of its worker's queue, so that the other tasks of the worker run
/// first.
///
/// Use it in long computations that should not hold up other tasks.
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
