//! A cell that detects two threads that use it at once, and a thread that does not see the writes
//! of the previous one.

use std::cell::Cell;

use shuttle::current::{TaskId, clock, me};

use crate::sync::{AtomicBool, SeqCst};

std::thread_local! {
    /// Each store ticks this thread's vector clock. It is never loaded, so it orders nothing with
    /// other threads.
    static TICK: AtomicBool = const { AtomicBool::new(false) };
}

/// `std`'s cell with a check of its use. No cell of the crate is ever used by two threads at once,
/// not even for reads, so every use counts as a write.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T> {
    /// A thread is using the cell.
    busy: Cell<bool>,
    /// The thread that used the cell last, and the time on that thread's own clock.
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
            assert!(ordered, "a thread that does not see the writes of the previous one");
        }
        let result = f(self.value.get());
        self.last.set(Some((me(), clock().get(me().into()))));
        // Other threads may run here.
        TICK.with(|tick| tick.store(true, SeqCst));
        self.busy.set(false);
        result
    }
}
