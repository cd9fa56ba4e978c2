//! The model under loom, which runs every interleaving.

use std::{
    cell::RefCell,
    mem,
    sync::{Arc, OnceLock, Weak},
    thread::panicking,
};

pub(in crate::model) use loom::sync::Mutex as Handover;

use super::search::Search;

static ACTION: OnceLock<fn()> = OnceLock::new();

loom::lazy_static! {
    static ref END: End = End;
}

/// Dropped at the end of an execution, where loom drops its own statics.
#[derive(Debug)]
struct End;

impl Drop for End {
    fn drop(&mut self) {
        ACTION.get().expect("set before")();
        let orders = ORDERS.take();
        // Parts of an execution that has failed cannot be dropped.
        if panicking() {
            mem::forget(orders);
        }
    }
}

/// Has `action` called at the end of the current execution. Called once in an execution, always with the
/// same action.
///
/// Threads synchronise with the one that made a static of loom's when they read it. So only one thread of an
/// execution touches this one.
pub(in crate::model) fn at_end(action: fn()) {
    ACTION.get_or_init(|| action);
    let _: &End = &END;
}

std::thread_local! {
    /// What orders operations in the current execution. loom demands that it is dropped with the
    /// execution.
    static ORDERS: RefCell<Vec<Arc<loom::sync::Arc<()>>>> = const { RefCell::new(Vec::new()) };
}

/// What orders the operations of a pool: an `Arc` of loom's.
///
/// To loom, the drop of a clone is a step that depends on all other such drops, so it tries each order of
/// them. Unless it is the last, a drop synchronises with nothing, so a step does not hide a race of the
/// user's. Nor is there a step when the `Arc` is made, so the first use of a pool adds no executions.
#[derive(Debug)]
pub(in crate::model) struct Order(Weak<loom::sync::Arc<()>>);

impl Order {
    pub(in crate::model) fn new() -> Self {
        let shared = Arc::new(loom::sync::Arc::new(()));
        let order = Self(Arc::downgrade(&shared));
        ORDERS.with_borrow_mut(|orders| orders.push(shared));
        order
    }

    /// The step of an operation. Before it, any other thread may run.
    pub(in crate::model) fn step(&self) {
        if let Some(shared) = self.0.upgrade() {
            drop(loom::sync::Arc::clone(&shared));
        }
    }
}

/// Chooses the object that a search finds.
///
/// loom has no choice to offer but the order of steps, so the choice depends on what other threads did
/// during the search. Without that, the search finds the newest object.
pub(in crate::model) fn choose(search: &Search) -> Option<usize> {
    match search.disturbed {
        0 => Some(search.idle - 1),
        1 if search.may_miss => None,
        steps => Some((steps - 1 - usize::from(search.may_miss)) % search.idle),
    }
}
