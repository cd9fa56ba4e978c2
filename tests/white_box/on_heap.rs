//! [`OnHeap`], a `Box` that claims nothing.

use std::{
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

/// A value on the heap. Unlike a `Box`, this may be moved while others have pointers to the value.
pub(super) struct OnHeap<T>(NonNull<T>);

// SAFETY: it owns the value, as a `Box` does.
unsafe impl<T: Send> Send for OnHeap<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for OnHeap<T> {}

impl<T> OnHeap<T> {
    pub(super) fn new(value: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(value)))
    }
}

impl<T> Deref for OnHeap<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: freed by `drop` alone.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for OnHeap<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for OnHeap<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a `Box`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
