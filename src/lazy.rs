//! The core of a pool comes at its first use: a `static` is made by the compiler, which has no heap.
//! It goes with the pool.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr,
};

use crate::{
    collect::Registry,
    core::Core,
    sync::{Acquire, OncePtr, Relaxed, Release},
};

/// The core of a pool, or the place for one.
pub(crate) struct Lazy<T>(OncePtr<Core<T>>);

// SAFETY: the core is owned, and may be sent if `T` may.
unsafe impl<T: Send> Send for Lazy<T> {}
// SAFETY: the core may be shared if `T` may be sent.
unsafe impl<T: Send> Sync for Lazy<T> {}

// What a panic leaves half done is not given back by its guard.
impl<T> UnwindSafe for Lazy<T> {}
impl<T> RefUnwindSafe for Lazy<T> {}

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Self {
        Self(OncePtr::new(ptr::null_mut()))
    }

    /// Whether the pool has not been used yet.
    pub(crate) const fn is_unused(&self) -> bool {
        // SAFETY: a load that may happen at compile time. A pool that is not shared yet has no other
        // thread to race with: callers own it.
        unsafe { (*self.0.as_ptr()).is_null() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Core<T>> {
        // Acquire: pairs with the Release in `init`.
        // SAFETY: the core is freed by our `drop` alone.
        unsafe { self.0.load(Acquire).as_ref() }
    }
}

impl<T: Send + 'static> Lazy<T> {
    #[cold]
    pub(crate) fn init(&self, max_idle: usize) -> &Core<T> {
        let new = Core::new(max_idle);
        let mut registry = Registry::lock();
        if let Some(core) = self.get() {
            return core;
        }
        // SAFETY: the core lives until our `drop`, where it leaves the registry first.
        unsafe { registry.enter(&new) };
        let core = Box::into_raw(new);
        // Release: pairs with the Acquire in `get`.
        self.0.store(core, Release);
        // SAFETY: as above.
        unsafe { &*core }
    }
}

impl<T> Drop for Lazy<T> {
    /// Waits for a collect in flight, then drops what is idle: last of all, with nothing held.
    fn drop(&mut self) {
        let core = self.0.load(Relaxed);
        if core.is_null() {
            return;
        }
        // SAFETY: made by `init`, freed here alone, and nobody else is here but collectors, who
        // find it in the registry or not at all.
        let mut core = unsafe {
            Registry::lock().leave(&*core);
            Box::from_raw(core)
        };
        let idle = core.empty();
        drop(core);
        drop(idle);
    }
}
