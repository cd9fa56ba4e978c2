//! `lockfree_object_pool`'s linear pool, which zopfli 0.8.1 and metrics-tracing-context use.
//!
//! Theirs is a list of pages with 32 objects each, which are made together. A page has a bit for
//! each object that is free.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use corepool::{OwnedPooled, Pool, Pooled};

type Init<T> = Box<dyn Fn() -> T + Send + Sync>;
type Reset<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// An object, and what its guard calls before the object returns. The pool itself has no hook, so that
/// guards return objects by code that is inlined.
struct Kept<T> {
    object: T,
    reset: Reset<T>,
}

impl<T> Kept<T> {
    #[inline]
    fn reset(&mut self) {
        (self.reset)(&mut self.object);
    }
}

pub struct LinearObjectPool<T>(Pool<Kept<T>, Init<Kept<T>>>);

impl<T: Send + 'static> LinearObjectPool<T> {
    pub fn new<R, I>(init: I, reset: R) -> Self
    where
        R: Fn(&mut T) + 'static + Send + Sync,
        I: Fn() -> T + 'static + Clone + Send + Sync,
    {
        let reset: Reset<T> = Arc::new(reset);
        Self(Pool::new(Box::new(move || Kept { object: init(), reset: reset.clone() })))
    }

    #[inline]
    pub fn pull(&self) -> LinearReusable<'_, T> {
        LinearReusable(self.0.get())
    }

    #[inline]
    pub fn pull_owned(self: &Arc<Self>) -> LinearOwnedReusable<T> {
        LinearOwnedReusable(self.0.get_owned())
    }
}

pub struct LinearReusable<'a, T>(Pooled<'a, Kept<T>>);

pub struct LinearOwnedReusable<T>(OwnedPooled<Kept<T>>);

macro_rules! guard {
    ($guard:ty) => {
        impl<T> Deref for $guard {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.0.object
            }
        }

        impl<T> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0.object
            }
        }

        impl<T> Drop for $guard {
            #[inline]
            fn drop(&mut self) {
                self.0.reset();
            }
        }
    };
}

guard!(LinearReusable<'_, T>);
guard!(LinearOwnedReusable<T>);
