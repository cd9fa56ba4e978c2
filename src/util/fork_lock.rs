//! Locks that a thread holds while it forks.

use std::cell::UnsafeCell;

/// Keeps the guards of locks from before a fork until after it, for the thread that forks.
pub(crate) struct ForkLock<T>(UnsafeCell<Option<T>>);

// SAFETY: only the thread that forks uses it, under the locks whose guards it keeps; or that thread's
// copy in the child. See the contracts of the methods.
unsafe impl<T> Sync for ForkLock<T> {}

impl<T> ForkLock<T> {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Keeps the guards.
    ///
    /// # Safety
    ///
    /// The guards are those of the same locks at each call, which is made by the thread that has locked
    /// them. That thread calls [`release`](Self::release) next.
    pub(crate) unsafe fn hold(&self, guards: T) {
        // SAFETY: the locks keep all other threads away.
        unsafe { *self.0.get() = Some(guards) };
    }

    /// Returns the guards.
    ///
    /// # Safety
    ///
    /// Called by the thread that has called [`hold`](Self::hold), or by its copy in the child.
    pub(crate) unsafe fn release(&self) -> Option<T> {
        // SAFETY: the locks are still held, so that no other thread is here.
        unsafe { (*self.0.get()).take() }
    }
}
