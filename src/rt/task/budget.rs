//! How many operations a task may do in one poll before it lets others run.
//!
//! A task whose sources are always ready would never return from its poll: it could not be aborted,
//! nor timed out, and would keep its worker. So after some operations the sources of the runtime
//! are not ready once, and wake the task. Then they have a full budget again, so that a foreign
//! executor which polls within the poll of a task goes on.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::rt::{context::current, sched::proc::P};

/// The operations of one poll.
const BUDGET: usize = 128;

/// Does an operation, which counts if it is ready. Pending if the budget is used up.
#[inline]
pub(crate) fn poll<T>(
    cx: &mut Context<'_>,
    operation: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if is_used_up() {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    let polled = operation(cx);
    if polled.is_ready() {
        current::worker(|worker| worker.map(|(_, p)| p.spent.add()));
    }
    polled
}

/// Returns whether the budget is used up, and if so refills it. There is none outside of tasks, nor
/// inside `blocking`.
#[inline]
fn is_used_up() -> bool {
    let spent = |p: &P| p.spent.is_used_up(p.tick().polls(), BUDGET);
    // bug: budget without an end
    current::must_not_block() && current::worker(|worker| worker.is_some_and(|(_, p)| spent(p)))
}

/// The future of [`consume_budget`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct ConsumeBudget(());

/// Counts one operation, and lets other tasks run if the task has done 128 in the same poll.
///
/// The runtime's own futures ([`JoinHandle`](crate::rt::JoinHandle), [`sleep`](crate::rt::sleep),
/// [`Interval`](crate::rt::Interval)) count as well, and so do the operations of sockets (feature `net`)
/// except those that do not wait, such as `try_read`. Use this in loops over sources that may always
/// be ready: it costs a few nanoseconds, where [`yield_now`](crate::rt::yield_now) gives up the
/// worker each time.
///
/// # Examples
///
/// ```
/// use corepool::rt;
///
/// # async fn example(messages: std::sync::mpsc::Receiver<u64>) -> u64 {
/// let mut sum = 0;
/// while let Ok(message) = messages.try_recv() {
///     sum += message;
///     rt::consume_budget().await;
/// }
/// sum
/// # }
/// ```
pub fn consume_budget() -> ConsumeBudget {
    ConsumeBudget(())
}

impl Future for ConsumeBudget {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        poll(cx, |_| Poll::Ready(()))
    }
}
