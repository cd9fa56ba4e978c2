//! [`OwnedPooled`], the guard that keeps its pool alive.

use std::{
    fmt,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr,
    sync::Arc,
};

use super::pool::Pool;
use crate::{containers::cell::CellBox, seat::current::current};

/// A guard that holds an object of a [`Pool`], and keeps the pool alive. See [`Pool::get_owned`].
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// the object is dropped instead, because it may be half-updated.
///
/// A guard is two words in size. Forgetting it leaks the object, and the pool.
pub struct OwnedPooled<T, F = fn() -> T> {
    full: ManuallyDrop<CellBox<T>>,
    pool: Arc<Pool<T, F>>,
}

impl<T, F> OwnedPooled<T, F> {
    /// Returns the object, and its pool.
    fn into_parts(this: Self) -> (CellBox<T>, Arc<Pool<T, F>>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: both are taken once, because the guard's `drop` does not run.
        unsafe { (ManuallyDrop::take(&mut this.full), ptr::read(&this.pool)) }
    }
}

impl<T: Send + 'static, F: Fn() -> T> Pool<T, F> {
    /// Returns an idle object or a new one, like [`get`](Self::get), in a guard that keeps the pool
    /// alive instead of borrowing it.
    ///
    /// Prefer a pool in a `static` if you can: there the guard of `get` needs no lifetime parameter
    /// either, and it costs less.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::{sync::Arc, thread};
    ///
    /// let pool = Arc::new(Pool::new(Vec::<u8>::new));
    /// let mut buffer = pool.get_owned();
    /// thread::spawn(move || buffer.push(1)).join().unwrap();
    /// ```
    #[inline]
    #[must_use = "the object returns to the pool at once"]
    pub fn get_owned(self: &Arc<Self>) -> OwnedPooled<T, F> {
        let (full, _) = self.hit().unwrap_or_else(|| self.get_slow());
        OwnedPooled { full: ManuallyDrop::new(full), pool: Arc::clone(self) }
    }
}

impl<T: Send + 'static, F: Fn() -> T> OwnedPooled<T, F> {
    /// Returns the object by value, and takes it out of the pool for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{OwnedPooled, Pool};
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Pool::new(|| String::from("kept")));
    /// let kept: String = OwnedPooled::detach(pool.get_owned());
    /// assert_eq!(pool.stats().idle, 0);
    /// # let _ = kept;
    /// ```
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let (full, pool) = Self::into_parts(this);
        pool.used_core().take_value(current(), full)
    }

    /// Drops the object instead of returning it to the pool. Use it for an object that is broken,
    /// or not worth keeping.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{OwnedPooled, Pool};
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Pool::new(String::new));
    /// OwnedPooled::discard(pool.get_owned());
    /// assert_eq!(pool.stats().dropped, 1);
    /// ```
    pub fn discard(this: Self) {
        let (full, pool) = Self::into_parts(this);
        pool.used_core().drop_counted(full);
    }
}

impl<T, F> Deref for OwnedPooled<T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.full.get()
    }
}

impl<T, F> DerefMut for OwnedPooled<T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.full.get_mut()
    }
}

impl<T, F> AsRef<T> for OwnedPooled<T, F> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T, F> AsMut<T> for OwnedPooled<T, F> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug, F> fmt::Debug for OwnedPooled<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display, F> fmt::Display for OwnedPooled<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T, F> Drop for OwnedPooled<T, F> {
    #[inline(always)]
    fn drop(&mut self) {
        let return_to = self.pool.return_to();
        // SAFETY: the guard holds the pool. Its object is taken once, and last, so that there is
        // nothing to drop if looking up the seat panics.
        unsafe {
            let local = return_to.local();
            return_to.give_back(ManuallyDrop::take(&mut self.full), local);
        }
    }
}
