//! `poolshark::local`: a pool for each type, with guards and with objects by value.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::{Deref, DerefMut},
};

use corepool::{Pool, Pooled};

use super::{
    IsoPoolable,
    registry::{Entry, Registry, Sizes},
};

static POOLS: Registry = Registry::new();

/// An object, and the largest capacity with which it may stay. So its guard need not look for the
/// pool, which has no hook, and returns objects by code that is inlined.
struct Kept<T> {
    object: T,
    max_capacity: usize,
}

impl<T: IsoPoolable> Kept<T> {
    /// Resets the object, and returns whether it may stay.
    #[inline]
    fn reset(&mut self) -> bool {
        if !self.object.really_dropped() {
            return false;
        }
        self.object.reset();
        self.object.capacity() <= self.max_capacity
    }
}

struct Local<T> {
    pool: Pool<Kept<T>>,
    sizes: Sizes,
}

impl<T: IsoPoolable> Local<T> {
    #[inline]
    fn get(&'static self) -> LPooled<T> {
        LPooled(Some(self.pool.get_or(|| self.kept(T::empty()))))
    }

    fn kept(&self, object: T) -> Kept<T> {
        Kept { object, max_capacity: self.sizes.1 }
    }

    fn insert(&self, object: T) -> Option<T> {
        let mut kept = self.kept(object);
        if !kept.reset() {
            return Some(kept.object);
        }
        self.pool.put(kept);
        None
    }
}

impl<T: IsoPoolable> Entry for Local<T> {
    fn new(sizes: Sizes) -> Self {
        let create = || unreachable!("`get_or` makes them");
        Self { pool: <Pool<Kept<T>>>::new(create).with_max_idle(sizes.0), sizes }
    }

    fn sizes(&self) -> Sizes {
        self.sizes
    }

    fn clear(&self) {
        self.pool.clear();
    }
}

pub fn clear() {
    POOLS.clear();
}

pub fn clear_type<T: IsoPoolable>() {
    POOLS.clear_type::<Local<T>>();
}

pub fn set_size<T: IsoPoolable>(max_pool_size: usize, max_element_capacity: usize) {
    POOLS.set_size::<Local<T>>((max_pool_size, max_element_capacity));
}

pub fn get_size<T: IsoPoolable>() -> Option<Sizes> {
    Some(POOLS.get_size::<Local<T>>())
}

pub fn take<T: IsoPoolable>() -> T {
    LPooled::<T>::take().detach()
}

pub fn take_sz<T: IsoPoolable>(max: usize, max_elt: usize) -> T {
    LPooled::<T>::take_sz(max, max_elt).detach()
}

/// Returns an object that is too large. One for which there is no room is dropped.
pub fn insert<T: IsoPoolable>(object: T) -> Option<T> {
    POOLS.get::<Local<T>>(None).insert(object)
}

pub fn insert_sz<T: IsoPoolable>(max: usize, max_elt: usize, object: T) -> Option<T> {
    POOLS.get::<Local<T>>(Some((max, max_elt))).insert(object)
}

/// A guard of two words. It is empty only while it is dropped.
pub struct LPooled<T: IsoPoolable>(Option<Pooled<'static, Kept<T>>>);

impl<T: IsoPoolable> LPooled<T> {
    #[inline]
    pub fn take() -> Self {
        POOLS.get::<Local<T>>(None).get()
    }

    pub fn take_sz(max: usize, max_elements: usize) -> Self {
        POOLS.get::<Local<T>>(Some((max, max_elements))).get()
    }

    pub fn detach(mut self) -> T {
        Pooled::detach(self.0.take().expect(NOT_DROPPED)).object
    }
}

const NOT_DROPPED: &str = "it is not dropped";

impl<T: IsoPoolable> Drop for LPooled<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut kept) = self.0.take()
            && !kept.reset()
        {
            Pooled::discard(kept);
        }
    }
}

impl<T: IsoPoolable> Deref for LPooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.as_ref().expect(NOT_DROPPED).object
    }
}

impl<T: IsoPoolable> DerefMut for LPooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.as_mut().expect(NOT_DROPPED).object
    }
}

impl<T: IsoPoolable> From<T> for LPooled<T> {
    fn from(object: T) -> Self {
        let local = POOLS.get::<Local<T>>(None);
        Self(Some(local.pool.attach(local.kept(object))))
    }
}

impl<T: IsoPoolable + Clone> Clone for LPooled<T> {
    fn clone(&self) -> Self {
        Self::from((**self).clone())
    }
}

impl<T: IsoPoolable + fmt::Debug> fmt::Debug for LPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LPooled").field(&**self).finish()
    }
}

impl<T: IsoPoolable + PartialEq> PartialEq for LPooled<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: IsoPoolable + Eq> Eq for LPooled<T> {}

impl<T: IsoPoolable + PartialOrd> PartialOrd for LPooled<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: IsoPoolable + Ord> Ord for LPooled<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: IsoPoolable + Hash> Hash for LPooled<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: IsoPoolable> Default for LPooled<T> {
    fn default() -> Self {
        Self::take()
    }
}

impl<T: IsoPoolable> AsRef<T> for LPooled<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: IsoPoolable> Borrow<T> for LPooled<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl Borrow<str> for LPooled<String> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<T: IsoPoolable + fmt::Display> fmt::Display for LPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: IsoPoolable + Extend<E>, E> Extend<E> for LPooled<T> {
    fn extend<I: IntoIterator<Item = E>>(&mut self, items: I) {
        (**self).extend(items);
    }
}

impl<T: IsoPoolable + Extend<E>, E> FromIterator<E> for LPooled<T> {
    fn from_iter<I: IntoIterator<Item = E>>(items: I) -> Self {
        let mut taken = Self::take();
        taken.extend(items);
        taken
    }
}
