//! [`OwnedPooled`], the guard that borrows nothing, and may outlive its pool.

use std::{
    fmt,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
};

use super::{
    manage::Manage,
    pool::Pool,
    return_to::{ReturnTo, seat_unless_panicking},
};
use crate::{chaos_mode, containers::cell::CellBox, seat::current::current, shard::drops::Reason};

/// A guard that holds an object of a [`Pool`], and does not borrow the pool. See
/// [`Pool::get_owned`].
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// the object is dropped instead, because it may be half-updated. If the pool has been dropped, the
/// object is dropped, too.
///
/// A guard is two words in size. Forgetting it leaks the object, and a few hundred bytes when the pool
/// is dropped.
pub struct OwnedPooled<T> {
    full: ManuallyDrop<CellBox<T>>,
    return_to: ReturnTo<T>,
}

impl<T> OwnedPooled<T> {
    /// Returns the object, and where it would go back to. The caller ends the loan.
    fn into_parts(this: Self) -> (CellBox<T>, ReturnTo<T>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: taken once, because the guard's `drop` does not run.
        (unsafe { ManuallyDrop::take(&mut this.full) }, this.return_to)
    }
}

impl<T: Send + 'static, M: Manage<T> + Send + 'static> Pool<T, M> {
    /// Returns an idle object or a new one, like [`get`](Self::get), in a guard that does not borrow
    /// the pool. The guard may outlive the pool; then it drops its object.
    ///
    /// The manager must be `Send + 'static`, because the last guard drops it if the pool is gone.
    ///
    /// It costs little more than `get`: nothing that threads share is counted.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::thread;
    ///
    /// let pool = Pool::new(Vec::<u8>::new);
    /// let mut buffer = pool.get_owned();
    /// thread::spawn(move || buffer.push(1)).join().unwrap();
    /// ```
    #[inline]
    #[must_use = "the object returns to the pool at once"]
    pub fn get_owned(&self) -> OwnedPooled<T> {
        let (full, return_to) = self.hit_owned().unwrap_or_else(|| self.get_owned_slow());
        OwnedPooled { full: ManuallyDrop::new(full), return_to }
    }
}

impl<T> OwnedPooled<T> {
    /// Returns the object by value, and takes it out of the pool for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{OwnedPooled, Pool};
    ///
    /// let pool = Pool::new(|| String::from("kept"));
    /// let kept: String = OwnedPooled::detach(pool.get_owned());
    /// assert_eq!(pool.stats().idle, 0);
    /// # let _ = kept;
    /// ```
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let (full, return_to) = Self::into_parts(this);
        // SAFETY: the guard's loan keeps the core alive, and ends last.
        unsafe {
            let _loan = return_to.loan();
            if let Some(on) = chaos_mode::on() {
                return return_to.core().detach_in_chaos(on, full);
            }
            return_to.core().detach_value(current(), full)
        }
    }

    /// Drops the object instead of returning it to the pool. Use it for an object that is broken,
    /// or not worth keeping.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{OwnedPooled, Pool};
    ///
    /// let pool = Pool::new(String::new);
    /// OwnedPooled::discard(pool.get_owned());
    /// assert_eq!(pool.stats().dropped, 1);
    /// ```
    pub fn discard(this: Self) {
        let (full, return_to) = Self::into_parts(this);
        // SAFETY: as in `detach`.
        unsafe {
            let _loan = return_to.loan();
            if let Some(on) = chaos_mode::on() {
                return return_to.core().discard_in_chaos(on, full);
            }
            return_to.core().drop_counted(full, Reason::Discarded);
        }
    }
}

impl<T> Deref for OwnedPooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.full.get()
    }
}

impl<T> DerefMut for OwnedPooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.full.get_mut()
    }
}

impl<T> AsRef<T> for OwnedPooled<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> AsMut<T> for OwnedPooled<T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> Drop for OwnedPooled<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let return_to = self.return_to;
        // SAFETY: the guard's loan keeps the core alive, and ends here. Its object is taken once, and
        // last, so that there is nothing to drop if looking up the seat panics.
        unsafe {
            let local = seat_unless_panicking();
            return_to.give_back::<true>(ManuallyDrop::take(&mut self.full), local);
        }
    }
}
