//! Guards: an object on loan.

use std::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr,
    sync::Arc,
};

use crate::{
    cell::Full,
    core::Core,
    origin::{self, Origin},
    pool::Pool,
};

/// An object on loan from a [`Pool`]. It goes back when this is dropped, on whatever thread that
/// is; if the thread is panicking, the object is dropped instead.
///
/// Two words large. Forgetting it leaks the object, and nothing else.
pub struct Pooled<'p, T, F = fn() -> T> {
    full: ManuallyDrop<Full<T>>,
    origin: Origin<T>,
    pool: PhantomData<&'p Pool<T, F>>,
}

/// An object on loan from a [`Pool`] that it keeps alive. See [`Pooled`].
pub struct OwnedPooled<T, F = fn() -> T> {
    full: ManuallyDrop<Full<T>>,
    pool: Arc<Pool<T, F>>,
}

impl<T, F> Pooled<'_, T, F> {
    #[inline(always)]
    pub(crate) fn new(full: Full<T>, origin: Origin<T>) -> Self {
        Self { full: ManuallyDrop::new(full), origin, pool: PhantomData }
    }

    #[inline(always)]
    fn origin(&self) -> Origin<T> {
        self.origin
    }

    fn into_parts(this: Self) -> (Full<T>, Origin<T>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: taken once, as the guard's `drop` will not run.
        (unsafe { ManuallyDrop::take(&mut this.full) }, this.origin)
    }

    fn core(origin: &Origin<T>) -> &Core<T> {
        // SAFETY: the guard that it comes from has borrowed the pool.
        unsafe { origin.core() }
    }
}

impl<T, F> OwnedPooled<T, F> {
    #[inline(always)]
    pub(crate) fn new(full: Full<T>, pool: Arc<Pool<T, F>>) -> Self {
        Self { full: ManuallyDrop::new(full), pool }
    }

    #[inline(always)]
    fn origin(&self) -> Origin<T> {
        self.pool.origin()
    }

    fn into_parts(this: Self) -> (Full<T>, Arc<Pool<T, F>>) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: both are taken once, as the guard's `drop` will not run.
        unsafe { (ManuallyDrop::take(&mut this.full), ptr::read(&this.pool)) }
    }

    fn core(pool: &Arc<Pool<T, F>>) -> &Core<T> {
        pool.used_core()
    }
}

macro_rules! guard {
    ([$($lifetime:lifetime)?] $Guard:ident) => {
        impl<$($lifetime,)? T: Send + 'static, F: Fn() -> T> $Guard<$($lifetime,)? T, F> {
            /// Takes the object out of the pool for good.
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
                let (full, pool) = Self::into_parts(this);
                origin::open(Self::core(&pool), full)
            }

            /// Drops the object instead of giving it back: it is broken, or not worth keeping.
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
                let (full, pool) = Self::into_parts(this);
                origin::discard(Self::core(&pool), full);
            }
        }

        impl<$($lifetime,)? T, F> Deref for $Guard<$($lifetime,)? T, F> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.full.get()
            }
        }

        impl<$($lifetime,)? T, F> DerefMut for $Guard<$($lifetime,)? T, F> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                self.full.get_mut()
            }
        }

        impl<$($lifetime,)? T, F> AsRef<T> for $Guard<$($lifetime,)? T, F> {
            fn as_ref(&self) -> &T {
                self
            }
        }

        impl<$($lifetime,)? T, F> AsMut<T> for $Guard<$($lifetime,)? T, F> {
            fn as_mut(&mut self) -> &mut T {
                self
            }
        }

        impl<$($lifetime,)? T: fmt::Debug, F> fmt::Debug for $Guard<$($lifetime,)? T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($lifetime,)? T: fmt::Display, F> fmt::Display for $Guard<$($lifetime,)? T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }

        impl<$($lifetime,)? T, F> Drop for $Guard<$($lifetime,)? T, F> {
            #[inline(always)]
            fn drop(&mut self) {
                let origin = self.origin();
                // Asked before the object is ours, so that there is nothing to drop if that panics.
                // SAFETY: the guard is going, and its object is taken once. Its pool lives.
                unsafe {
                    let near = origin.near();
                    origin.give_back(ManuallyDrop::take(&mut self.full), near);
                }
            }
        }
    };
}

guard!(['p] Pooled);
guard!([] OwnedPooled);
