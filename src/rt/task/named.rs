//! Names of tasks, for the reports of stalls.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use crate::rt::context::current;

/// The future of [`named`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Named<F> {
    name: &'static str,
    future: F,
}

/// Names a task: [`Stall::task`](crate::rt::Stall::task) is `name` if a poll of `future` lasts too
/// long. It may also name a part of a task; within another named future, the inner name counts.
///
/// A poll of a named future costs some nanoseconds more. Other tasks pay nothing.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Builder};
///
/// let runtime = Builder::new()
///     .on_stall(|stall| {
///         let task = stall.task.unwrap_or("a task");
///         eprintln!("{task} is stuck on {}, for {:?}", stall.thread, stall.elapsed);
///     })
///     .build()?;
/// let task = runtime.spawn(rt::named("the sum", async { 1 + 1 }));
/// assert_eq!(runtime.block_on(task).unwrap(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn named<F: IntoFuture>(name: &'static str, future: F) -> Named<F::IntoFuture> {
    Named { name, future: future.into_future() }
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _scope = NameScope::enter(self.name);
        // SAFETY: the future is pinned with this, and never moved.
        unsafe { self.map_unchecked_mut(|this| &mut this.future) }.poll(cx)
    }
}

/// What the calling thread polls has a name, until this is dropped.
struct NameScope {
    before: Option<&'static str>,
}

impl NameScope {
    fn enter(name: &'static str) -> Self {
        Self { before: set(Some(name)) }
    }
}

impl Drop for NameScope {
    fn drop(&mut self) {
        // bug: name of a task kept for the next
        set(self.before);
    }
}

/// Sets the name of what the calling thread polls, if it is a worker. Returns the name before.
fn set(name: Option<&'static str>) -> Option<&'static str> {
    current::worker(|worker| worker.and_then(|(_, p)| p.set_task_name(name)))
}
