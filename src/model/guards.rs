//! The guards [`Pooled`] and [`OwnedPooled`].

use std::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
    sync::Arc,
};

use super::core::Core;
use crate::shard::drops::Reason;

/// A guard that holds an object of a [`Pool`](crate::Pool), and borrows the pool.
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// the object is dropped instead.
pub struct Pooled<'p, T> {
    object: ManuallyDrop<Box<T>>,
    core: Arc<Core<T>>,
    pool: PhantomData<&'p Core<T>>,
}

/// A guard that holds an object of a [`Pool`](crate::Pool), and does not borrow the pool.
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// or if the pool has been dropped, the object is dropped instead.
pub struct OwnedPooled<T> {
    object: ManuallyDrop<Box<T>>,
    core: Arc<Core<T>>,
}

impl<T> Pooled<'_, T> {
    pub(super) fn new(object: Box<T>, core: Arc<Core<T>>) -> Self {
        Self { object: ManuallyDrop::new(object), core, pool: PhantomData }
    }

    fn into_parts(this: Self) -> (Box<T>, Arc<Core<T>>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: each is taken once, because the guard's `drop` does not run.
        unsafe { (ManuallyDrop::take(&mut this.object), ptr::read(&this.core)) }
    }

    /// Returns the object by value, and takes it out of the pool for good.
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let (object, core) = Self::into_parts(this);
        core.count_left();
        *object
    }

    /// Returns a pointer to the object, which stays out of the pool until it comes back by
    /// [`Pool::from_raw`](crate::Pool::from_raw).
    #[must_use = "the object is leaked"]
    pub fn into_raw(this: Self) -> NonNull<T> {
        NonNull::from(Box::leak(Self::into_parts(this).0))
    }

    /// Drops the object instead of returning it to the pool.
    pub fn discard(this: Self) {
        let (object, core) = Self::into_parts(this);
        core.drop_counted(object, Reason::Discarded);
    }
}

impl<T> OwnedPooled<T> {
    pub(super) fn new(object: Box<T>, core: Arc<Core<T>>) -> Self {
        Self { object: ManuallyDrop::new(object), core }
    }

    fn into_parts(this: Self) -> (Box<T>, Arc<Core<T>>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: each is taken once, because the guard's `drop` does not run.
        unsafe { (ManuallyDrop::take(&mut this.object), ptr::read(&this.core)) }
    }

    /// Returns the object by value, and takes it out of the pool for good.
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let (object, core) = Self::into_parts(this);
        core.count_left();
        *object
    }

    /// Drops the object instead of returning it to the pool.
    pub fn discard(this: Self) {
        let (object, core) = Self::into_parts(this);
        core.drop_counted(object, Reason::Discarded);
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T> Deref for OwnedPooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T> DerefMut for OwnedPooled<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T> AsRef<T> for Pooled<'_, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsRef<T> for OwnedPooled<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsMut<T> for Pooled<'_, T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T> AsMut<T> for OwnedPooled<T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> Drop for Pooled<'_, T> {
    fn drop(&mut self) {
        // SAFETY: taken once.
        self.core.give_back(unsafe { ManuallyDrop::take(&mut self.object) });
    }
}

impl<T> Drop for OwnedPooled<T> {
    fn drop(&mut self) {
        // SAFETY: taken once.
        self.core.give_back_owned(unsafe { ManuallyDrop::take(&mut self.object) });
    }
}
