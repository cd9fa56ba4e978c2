//! The guard that borrows its pool.

use std::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use super::{
    handle::CoreHandle,
    return_to::{ReturnTo, seat_unless_panicking},
};
use crate::{chaos_mode, containers::cell::CellBox, seat::current::current, shard::drops::Reason};

/// A guard that holds an object of a [`Pool`](crate::Pool), and borrows the pool. See
/// [`Pool::get`](crate::Pool::get).
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// the object is dropped instead, because it may be half-updated.
///
/// A guard is two words in size. Forgetting it leaks the object, and nothing else.
// `CellBox` and `ReturnTo` decide whether a guard is `Send`, `Sync` and unwind safe.
pub struct Pooled<'p, T> {
    full: ManuallyDrop<CellBox<T>>,
    return_to: ReturnTo<T>,
    pool: PhantomData<&'p CoreHandle<T>>,
}

impl<T> Pooled<'_, T> {
    #[inline(always)]
    pub(crate) fn new(full: CellBox<T>, return_to: ReturnTo<T>) -> Self {
        Self { full: ManuallyDrop::new(full), return_to, pool: PhantomData }
    }

    /// Returns the object, and where it would go back to.
    fn into_parts(this: Self) -> (CellBox<T>, ReturnTo<T>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: taken once, because the guard's `drop` does not run.
        (unsafe { ManuallyDrop::take(&mut this.full) }, this.return_to)
    }
}

#[cfg(feature = "bytes")]
impl<T> Pooled<'_, T> {
    /// Returns the same guard, which may live longer.
    ///
    /// # Safety
    ///
    /// The pool is not dropped before the guard.
    pub(crate) unsafe fn unbound<'a>(this: Self) -> Pooled<'a, T> {
        let (full, return_to) = Self::into_parts(this);
        Pooled::new(full, return_to)
    }
}

impl<T> Pooled<'_, T> {
    /// Returns the object by value, and takes it out of the pool for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Pooled};
    ///
    /// let pool = Pool::new(|| String::from("kept"));
    /// let kept: String = Pooled::detach(pool.get());
    /// assert_eq!(pool.stats().idle, 0);
    /// # let _ = kept;
    /// ```
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let (full, return_to) = Self::into_parts(this);
        // SAFETY: the guard has borrowed the pool.
        let core = unsafe { return_to.core() };
        if let Some(on) = chaos_mode::on() {
            return core.detach_in_chaos(on, full);
        }
        core.detach_value(current(), full)
    }

    /// Returns a pointer to the object, which stays out of the pool until it comes back by
    /// [`Pool::from_raw`](crate::Pool::from_raw). If it never does, it is leaked.
    ///
    /// Use it for objects that give themselves back: see [`Pool::from_raw`](crate::Pool::from_raw).
    #[must_use = "the object is leaked"]
    pub fn into_raw(this: Self) -> NonNull<T> {
        let (full, return_to) = Self::into_parts(this);
        // SAFETY: the guard has borrowed the pool.
        let core = unsafe { return_to.core() };
        core.chaos.note_raw(full).into_value_ptr()
    }

    /// Drops the object instead of returning it to the pool. Use it for an object that is broken,
    /// or not worth keeping.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Pooled};
    ///
    /// let pool = Pool::new(String::new);
    /// Pooled::discard(pool.get());
    /// assert_eq!(pool.stats().dropped, 1);
    /// ```
    pub fn discard(this: Self) {
        let (full, return_to) = Self::into_parts(this);
        // SAFETY: the guard has borrowed the pool.
        let core = unsafe { return_to.core() };
        if let Some(on) = chaos_mode::on() {
            return core.discard_in_chaos(on, full);
        }
        core.drop_counted(full, Reason::Discarded);
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.full.get()
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.full.get_mut()
    }
}

impl<T> AsRef<T> for Pooled<'_, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsMut<T> for Pooled<'_, T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> Drop for Pooled<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        let return_to = self.return_to;
        // SAFETY: the guard borrows the pool. Its object is taken once, and last, so that there is
        // nothing to drop if looking up the seat panics.
        unsafe {
            let local = seat_unless_panicking();
            return_to.give_back::<false>(ManuallyDrop::take(&mut self.full), local);
        }
    }
}
