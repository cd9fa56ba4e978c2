//! The model under shuttle, which runs random interleavings.

use std::sync::Arc;

pub(in crate::model) use shuttle::sync::Mutex as Handover;
use shuttle::{
    current::{TaskId, set_label_for_task},
    rand::{Rng, thread_rng},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::search::Search;

/// Calls its action when it is dropped.
#[derive(Debug)]
struct AtEnd(fn());

impl Drop for AtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A label of the main task. shuttle drops it at the end of the execution, when no task is left. Tasks
/// inherit copies.
#[derive(Clone, Debug)]
struct Ending(#[allow(dead_code, reason = "it is there to be dropped")] Arc<AtEnd>);

/// Has `action` called at the end of the current execution. Called once in an execution.
pub(in crate::model) fn at_end(action: fn()) {
    set_label_for_task(TaskId::from(0), Ending(Arc::new(AtEnd(action))));
}

/// What orders the operations of a pool: an atomic of shuttle's.
#[derive(Debug)]
pub(in crate::model) struct Order(AtomicUsize);

impl Order {
    pub(in crate::model) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// The step of an operation. Before it, any other thread may run.
    pub(in crate::model) fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Chooses the object that a search finds, at random.
pub(in crate::model) fn choose(search: &Search) -> Option<usize> {
    let missed = usize::from(search.may_miss);
    let index = thread_rng().gen_range(0..search.idle + missed);
    (index < search.idle).then_some(index)
}
