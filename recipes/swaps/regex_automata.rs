//! `regex_automata::util::pool`: a pool of scratch spaces, for searches on any thread.
//!
//! Theirs has a place without a lock for the first thread, and eight stacks under locks for all
//! others. A thread that finds its stack locked makes a value, and drops it afterwards.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use corepool::Pooled;

pub struct Pool<T, F = fn() -> T>(Box<corepool::Pool<T, F>>);

impl<T: Send + 'static, F: Fn() -> T + Sync> Pool<T, F> {
    pub fn new(create: F) -> Self {
        Self(Box::new(corepool::Pool::new(create)))
    }

    /// The capacity was a number of stacks. Here each thread has a part of its own.
    pub fn with_capacity(_: usize, create: F) -> Self {
        Self::new(create)
    }

    pub fn with_available_parallelism_capacity(create: F) -> Self {
        Self::new(create)
    }

    #[inline]
    pub fn get(&self) -> PoolGuard<'_, T, F> {
        PoolGuard(self.0.get(), PhantomData)
    }
}

impl<T, F> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0).finish()
    }
}

pub struct PoolGuard<'a, T, F>(Pooled<'a, T>, PhantomData<&'a F>);

impl<T, F> PoolGuard<'_, T, F> {
    #[inline]
    pub fn put(this: Self) {
        drop(this);
    }
}

impl<T, F> Deref for PoolGuard<'_, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T, F> DerefMut for PoolGuard<'_, T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: fmt::Debug, F> fmt::Debug for PoolGuard<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolGuard").field(&self.0).finish()
    }
}
