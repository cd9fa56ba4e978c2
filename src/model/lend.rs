//! Objects in guards.

use std::{convert::Infallible, ptr::NonNull};

use super::{
    core::Core,
    guards::{OwnedPooled, Pooled},
    pool::Pool,
    state::Effort,
};
use crate::pool::{manage::Manage, scope::Scope};

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Returns an idle object, or a new one made by `create`.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    #[must_use = "the object returns to the pool at once"]
    pub fn get(&self) -> Pooled<'_, T> {
        let core = self.managed();
        Pooled::new(self.find_or_make(&core), core)
    }

    /// Returns an idle object, or `None` if the search finds none. Never creates an object.
    pub fn try_get(&self) -> Option<Pooled<'_, T>> {
        let core = self.managed();
        core.search(Effort::Full).map(|object| Pooled::new(object, core))
    }

    /// Returns an idle object, or a new one made by `create` instead of the pool's manager.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    #[must_use = "the object returns to the pool at once"]
    pub fn get_or(&self, create: impl FnOnce() -> T) -> Pooled<'_, T> {
        let Ok(guard) = self.get_or_try(|| Ok::<T, Infallible>(create()));
        guard
    }

    /// Returns an idle object, or a new one made by `create`, which may fail.
    ///
    /// # Errors
    ///
    /// The error of `create`. The pool is not affected.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    pub fn get_or_try<E>(&self, create: impl FnOnce() -> Result<T, E>) -> Result<Pooled<'_, T>, E> {
        let core = self.managed();
        let object = core.find_or_create(create)?;
        Ok(Pooled::new(object, core))
    }

    /// Returns an idle object or a new one.
    pub(super) fn find_or_make(&self, core: &Core<T>) -> Box<T> {
        let Ok(object) = core.find_or_create(|| Ok::<T, Infallible>(self.create()));
        object
    }

    /// Returns a guard for an object that was made elsewhere.
    #[must_use = "the object goes to the pool at once"]
    pub fn attach(&self, object: T) -> Pooled<'_, T> {
        let core = self.managed();
        core.count_attached();
        Pooled::new(Box::new(object), core)
    }

    /// Returns the guard of an object that left it by [`Pooled::into_raw`].
    ///
    /// # Safety
    ///
    /// `object` came from `into_raw` of a guard of this pool, and has not come back since. Nothing else
    /// uses it.
    #[must_use = "the object returns to the pool at once"]
    pub unsafe fn from_raw(&self, object: NonNull<T>) -> Pooled<'_, T> {
        // SAFETY: the caller's promise.
        let object = unsafe { Box::from_raw(object.as_ptr()) };
        Pooled::new(object, self.managed())
    }
}

impl<T: Send + 'static, M: Manage<T> + Send + 'static> Pool<T, M> {
    /// Returns an idle object or a new one, like [`get`](Self::get), in a guard that does not borrow
    /// the pool.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    #[must_use = "the object returns to the pool at once"]
    pub fn get_owned(&self) -> OwnedPooled<T> {
        let core = self.managed();
        OwnedPooled::new(self.find_or_make(&core), core)
    }
}
