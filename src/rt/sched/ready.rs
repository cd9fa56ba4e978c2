//! A task that is ready to run, as the queues hold it.

use std::{
    mem::{self, ManuallyDrop},
    ptr::{self, NonNull},
    task::Waker,
};

use super::owned::Slot;
use crate::sync::{Acquire, AtomicBool, Relaxed, Release};

/// A task that is ready to run.
pub(crate) type Runnable = async_task::Runnable<Meta>;

/// A task that is ready to run, as one word: the result of `Runnable::into_raw`. It is the only
/// handle that can run the task.
pub(crate) type Ready = NonNull<()>;

/// What is kept of a task beside its future.
#[derive(Debug)]
pub(crate) struct Meta {
    /// The number of its runtime.
    pub(crate) runtime: u64,
    /// Its place in the list of unfinished tasks, which the task frees when it ends.
    pub(crate) slot: NonNull<Slot>,
    /// The task is to end instead of being polled again.
    aborted: AtomicBool,
    /// The future has been dropped.
    ended: AtomicBool,
    /// The list has a reference to the task: see `keep`. Used by the thread that polls it.
    kept: AtomicBool,
}

// SAFETY: slots may be used by any thread.
unsafe impl Send for Meta {}
// SAFETY: as above.
unsafe impl Sync for Meta {}

impl Meta {
    #[inline]
    pub(crate) fn new(runtime: u64, slot: NonNull<Slot>) -> Self {
        Self {
            runtime,
            slot,
            aborted: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            kept: AtomicBool::new(false),
        }
    }

    /// Keeps the task, which waits from now on, even if nothing else refers to it: `async-task` would
    /// free its memory and leak the future. Called by its poll. A task that ends in its first poll
    /// needs no reference.
    #[inline]
    pub(crate) fn keep(&self, waker: &Waker) {
        if !self.kept.load(Relaxed) {
            self.kept.store(true, Relaxed);
            // bug: waiting task freed under its list
            mem::forget(waker.clone());
        }
    }

    /// Has the task end at its next poll. The caller wakes it.
    pub(crate) fn abort(&self) {
        // Relaxed: the wake-up that follows orders it before the poll.
        self.aborted.store(true, Relaxed);
    }

    #[inline]
    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.load(Relaxed)
    }

    /// Marks the task as ended. Its future has been dropped, by the thread that has its runnable.
    #[inline]
    pub(crate) fn end(&self) {
        // Release: pairs with the Acquire of `has_ended`.
        self.ended.store(true, Release);
        // SAFETY: the slot is this task's, and stays where it is until it is free.
        let task = unsafe { self.slot.as_ref() }.free();
        if let Some(task) = task.filter(|_| self.kept.load(Relaxed)) {
            // SAFETY: the caller's runnable exists.
            let waker = unsafe { waker(task) };
            // SAFETY: it stands for the reference of `keep`, which is dropped only here.
            drop(unsafe { ptr::read(&raw const waker) });
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        // Acquire: pairs with the Release of `end`, so that the caller sees what the destructors of
        // the future have done.
        self.ended.load(Acquire)
    }
}

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

/// Returns a waker of a task, whether or not it is ready to run.
///
/// # Safety
///
/// The task comes from `Runnable::into_raw`, and its memory has not been freed: a waker, its handle
/// or a runnable exists during the call.
pub(crate) unsafe fn waker(task: Ready) -> Waker {
    // SAFETY: never run nor dropped, so it is no second handle: it reads where the task's functions
    // are, and counts a reference.
    ManuallyDrop::new(unsafe { Runnable::from_raw(task) }).waker()
}

/// Calls `f` with what is kept of a task.
///
/// # Safety
///
/// As for `waker`.
pub(crate) unsafe fn with_meta<R>(task: Ready, f: impl FnOnce(&Meta) -> R) -> R {
    // SAFETY: as in `waker`.
    f(ManuallyDrop::new(unsafe { Runnable::from_raw(task) }).metadata())
}
