//! A pool's manager, which the pool owns, and lends to what it is in each execution.

use crate::pool::{manage::Manage, manager_box::ManagerBox};

/// The manager, whatever its type.
pub(super) struct Manager<T>(ManagerBox<T>);

// SAFETY: a manager is `Sync`. It is dropped with the pool, which may be sent if its manager may; or by an owned
// guard that was just recycling, and those are lent only if the manager is `Send`.
unsafe impl<T> Send for Manager<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Manager<T> {}

impl<T> Manager<T> {
    pub(super) fn new<M: Manage<T>>(manager: M) -> Self {
        Self(ManagerBox::try_new(|| manager, "").expect("out of memory"))
    }

    /// Returns the manager.
    ///
    /// # Safety
    ///
    /// `M` is its type.
    pub(super) unsafe fn get<M>(&self) -> &M {
        // SAFETY: the caller's promise.
        unsafe { self.0.get() }
    }

    /// Recycles an object that comes back, and returns whether the pool should keep it.
    pub(super) fn recycle(&self, object: &mut T) -> bool {
        self.0.recycle(object)
    }
}
