//! The manager of a pool, whatever its type.
//!
//! It moves to memory of its own at the first use of the pool. So it stays where it is when the pool is
//! moved, and guards, which do not know its type, reach it by the core. It is dropped with the core.

use std::{mem::MaybeUninit, ptr::NonNull};

use super::manage::Manage;
use crate::util::try_alloc::try_box;

/// A pool's manager, in memory of its own: an owning pointer.
pub(crate) struct ManagerBox<T>(NonNull<Head<T>>);

type Recycle<T> = unsafe fn(NonNull<Head<T>>, &mut T) -> bool;

/// The part that does not depend on the manager's type.
struct Head<T> {
    /// [`Manage::recycle`], if it does anything.
    recycle: Option<Recycle<T>>,
    free: unsafe fn(NonNull<Head<T>>),
    /// The name of the pool, or an empty string.
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    name: &'static str,
}

#[repr(C)]
struct Whole<T, M> {
    head: Head<T>,
    manager: M,
}

impl<T, M: Manage<T>> Whole<T, M> {
    /// # Safety
    ///
    /// `head` is that of a `Whole<T, M>`.
    unsafe fn recycle(head: NonNull<Head<T>>, object: &mut T) -> bool {
        // SAFETY: the caller's promise.
        unsafe { head.cast::<Self>().as_ref() }.manager.recycle(object)
    }

    /// # Safety
    ///
    /// `head` is that of a `Whole<T, M>` on the heap, which is not used any more.
    unsafe fn free(head: NonNull<Head<T>>) {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(head.cast::<Self>().as_ptr()) });
    }
}

impl<T> ManagerBox<T> {
    /// Allocates memory, and then calls `manager` for what to move there. Returns `None`, without
    /// calling it, if there is no memory. `name` is that of the pool.
    pub(crate) fn try_new<M: Manage<T>>(
        manager: impl FnOnce() -> M,
        name: &'static str,
    ) -> Option<Self> {
        let place = try_box(MaybeUninit::<Whole<T, M>>::uninit())?;
        let recycle = M::RECYCLES.then_some(Whole::<T, M>::recycle as Recycle<T>);
        #[cfg(not(any(feature = "metrics", feature = "tracing")))]
        let _ = name;
        let head = Head {
            recycle,
            free: Whole::<T, M>::free,
            #[cfg(any(feature = "metrics", feature = "tracing"))]
            name,
        };
        let whole = Box::leak(place).write(Whole { head, manager: manager() });
        Some(Self(NonNull::from(whole).cast()))
    }

    /// Returns the manager.
    ///
    /// # Safety
    ///
    /// `M` is its type.
    pub(crate) unsafe fn get<M>(&self) -> &M {
        // SAFETY: the caller's promise.
        unsafe { &self.0.cast::<Whole<T, M>>().as_ref().manager }
    }

    fn head(&self) -> &Head<T> {
        // SAFETY: freed by our `drop` alone.
        unsafe { self.0.as_ref() }
    }

    /// Returns the name of the pool, or an empty string. Without the features that need it, it is not
    /// stored.
    pub(crate) fn name(&self) -> &'static str {
        #[cfg(any(feature = "metrics", feature = "tracing"))]
        return self.head().name;
        #[cfg(not(any(feature = "metrics", feature = "tracing")))]
        ""
    }

    /// Returns whether the manager is called for objects that come back.
    pub(crate) fn recycles(&self) -> bool {
        self.head().recycle.is_some()
    }

    /// Recycles an object that comes back, and returns whether the pool should keep it.
    pub(crate) fn recycle(&self, object: &mut T) -> bool {
        // SAFETY: the head is that of the whole.
        self.head().recycle.is_none_or(|recycle| unsafe { recycle(self.0, object) })
    }
}

impl<T> Drop for ManagerBox<T> {
    fn drop(&mut self) {
        // SAFETY: it is not used any more.
        // bug: manager never dropped
        unsafe { (self.head().free)(self.0) };
    }
}
