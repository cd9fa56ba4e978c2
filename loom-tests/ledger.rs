//! Objects that check their own use: one holder at a time, and dropped once.

use loom::cell::UnsafeCell;

use crate::containers::cell::{CellBox, EmptyCell};

/// Counts the objects that are alive. The counter is an atomic of `std`, not of the model: it is
/// read after all threads are joined, and must not order anything before that.
#[derive(Clone)]
pub(super) struct Ledger(std::sync::Arc<std::sync::atomic::AtomicIsize>);

impl Ledger {
    pub(super) fn new() -> Self {
        Self(std::sync::Arc::default())
    }

    /// A new object, in its cell.
    pub(super) fn object(&self) -> CellBox<Object> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        EmptyCell::new().fill(Object { uses: UnsafeCell::new(0), ledger: self.clone() })
    }

    pub(super) fn alive(&self) -> isize {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// An object whose use is a write that the checker sees. Two holders at a time, or a holder that
/// does not see the writes of the one before it, are data races.
pub(super) struct Object {
    uses: UnsafeCell<usize>,
    ledger: Ledger,
}

impl Object {
    pub(super) fn use_it(&self) {
        // SAFETY: one thread holds the object; the checker reports an access by another.
        self.uses.with_mut(|uses| unsafe { *uses += 1 });
    }
}

// SAFETY: the model checks whether this holds: a wrong use is a data race.
unsafe impl Send for Object {}

impl Drop for Object {
    fn drop(&mut self) {
        self.use_it();
        let before = self.ledger.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        assert!(before > 0, "dropped twice");
    }
}
