//! A cell that detects two threads in it at once, and a thread that does not see the writes of the one
//! before.

use std::cell::Cell;

use shuttle::current::{TaskId, clock, me};

use crate::sync::{AtomicBool, SeqCst};

std::thread_local! {
    /// Stored to, hence a tick of the thread's own clock; never loaded, hence of no other's.
    static TICK: AtomicBool = const { AtomicBool::new(false) };
}

/// `std`'s cell with a check of its use. No cell of the crate is ever shared, not even to be read,
/// so that every use is taken for a write.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T> {
    /// Somebody is inside.
    busy: Cell<bool>,
    /// Who was inside last, and the time on that thread's own clock.
    last: Cell<Option<(TaskId, u32)>>,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        let (busy, last) = (Cell::new(false), Cell::new(None));
        Self { busy, last, value: std::cell::UnsafeCell::new(value) }
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.with_mut(|value| f(value))
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        assert!(!self.busy.replace(true), "two threads in one cell");
        if let Some((thread, time)) = self.last.get() {
            let ordered = thread == me() || clock().get(thread.into()) > time;
            assert!(ordered, "a thread in a cell that does not see what the one before it did");
        }
        let result = f(self.value.get());
        self.last.set(Some((me(), clock().get(me().into()))));
        // Others may come in here.
        TICK.with(|tick| tick.store(true, SeqCst));
        self.busy.set(false);
        result
    }
}
