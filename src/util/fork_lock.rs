//! A place for the lock guards that a thread holds across a fork.

use std::cell::UnsafeCell;

/// Keeps lock guards from before a fork until after it, for the thread that forks.
pub(crate) struct ForkLock<T>(UnsafeCell<Option<T>>);

// SAFETY: only the thread that forks uses it, or that thread's copy in the child, and only under
// the locks whose guards it keeps. See the contracts of the methods.
unsafe impl<T> Sync for ForkLock<T> {}

impl<T> ForkLock<T> {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Stores `guards`.
    ///
    /// # Safety
    ///
    /// Each call passes the guards of the same locks, and is made by the thread that has locked
    /// them. That thread calls [`release`](Self::release) next.
    pub(crate) unsafe fn hold(&self, guards: T) {
        // SAFETY: the locks exclude all other threads.
        unsafe { *self.0.get() = Some(guards) };
    }

    /// Takes the guards out and returns them.
    ///
    /// # Safety
    ///
    /// Called by the thread that has called [`hold`](Self::hold), or by its copy in the child.
    pub(crate) unsafe fn release(&self) -> Option<T> {
        // SAFETY: the locks are still held and exclude all other threads.
        unsafe { (*self.0.get()).take() }
    }
}
