//! Objects by value, and all objects of a pool.

use std::iter;

use super::{pool::Pool, state::Effort};
use crate::pool::{manage::Manage, scope::Scope, stats::Stats};

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Returns an idle object or a new one, by value.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    #[must_use = "the object is dropped at once"]
    pub fn take(&self) -> T {
        *self.find_or_make(&self.managed())
    }

    /// Returns an idle object by value, or `None` if the search finds none.
    pub fn try_take(&self) -> Option<T> {
        self.managed().search(Effort::Full).map(|object| *object)
    }

    /// Adds `value` to the pool. The value need not come from this pool.
    ///
    /// # Panics
    ///
    /// If `recycle`, `weight`, or the destructor of the value panics. The value is dropped then;
    /// the pool is not affected.
    pub fn put(&self, mut value: T) {
        let core = self.managed();
        if core.recycle(&mut value) {
            core.put(Box::new(value));
        }
    }

    /// Takes the idle objects out of the pool, by value, until it is empty. Objects that come back
    /// meanwhile are taken as well.
    pub fn drain(&self) -> impl Iterator<Item = T> {
        let core = self.managed();
        iter::from_fn(move || {
            let object = core.take_oldest()?;
            core.count_left();
            Some(*object)
        })
    }

    /// Creates `additional` objects ahead of time. A pool with a bound stops when the bound is reached.
    ///
    /// # Panics
    ///
    /// If `create` panics; the objects created before stay in the pool. With "capacity overflow" if
    /// `additional` objects cannot fit into memory.
    pub fn reserve(&self, additional: usize) {
        let core = self.managed();
        let most = isize::MAX as usize / size_of::<(Box<T>, usize)>();
        assert!(additional.min(core.most_idle()) <= most, "capacity overflow");
        for _ in 0..additional {
            if !core.has_room() {
                return;
            }
            let object = Box::new(self.create());
            core.count_created();
            if core.try_put(object).is_err() {
                return;
            }
        }
    }
}

impl<T: Send, M, S> Pool<T, M, S> {
    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to every pool.
    ///
    /// # Panics
    ///
    /// If destructors panic. All objects are dropped first; then the first panic is resumed.
    pub fn trim(&self) {
        self.core().trim();
    }

    /// Drops all idle objects now.
    ///
    /// # Panics
    ///
    /// If destructors panic. All objects are dropped first; then the first panic is resumed.
    pub fn clear(&self) {
        self.core().clear();
    }
}

impl<T, M, S> Pool<T, M, S> {
    /// Returns the number of idle objects, and what the pool has done so far in this execution. The model
    /// counts no steals.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }
}
