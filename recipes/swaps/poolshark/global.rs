//! `poolshark::global`: pools with a bound, whose guards may be sent anywhere.
//!
//! `Pool` lends [`GPooled`]s, which are owned guards of corepool. [`RawPool`] keeps objects of any type
//! that gives itself back; such an object holds a [`WeakPool`].

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    sync::{Arc, Weak},
};

use corepool::{Manage, OwnedPooled};

use super::{
    IsoPoolable,
    registry::{Entry, Registry, Sizes},
};

static POOLS: Registry = Registry::new();

/// Makes empty objects, and keeps those that are worth it.
struct Bounded {
    max_capacity: usize,
}

impl<T: IsoPoolable> Manage<T> for Bounded {
    #[inline]
    fn create(&self) -> T {
        T::empty()
    }

    fn recycle(&self, object: &mut T) -> bool {
        let keep = object.really_dropped() && (1..=self.max_capacity).contains(&object.capacity());
        if keep {
            object.reset();
        }
        keep
    }
}

struct Shared<T> {
    pool: corepool::Pool<T, Bounded>,
    sizes: Sizes,
}

pub struct Pool<T>(Arc<Shared<T>>);

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0.pool).finish()
    }
}

impl<T: IsoPoolable> Pool<T> {
    pub fn new(max_capacity: usize, max_elt_capacity: usize) -> Self {
        let pool = corepool::Pool::new(Bounded { max_capacity: max_elt_capacity })
            .with_max_idle(max_capacity);
        Self(Arc::new(Shared { pool, sizes: (max_capacity, max_elt_capacity) }))
    }

    #[inline]
    pub fn take(&self) -> GPooled<T> {
        GPooled(Object::Lent(self.0.pool.get_owned()))
    }

    pub fn try_take(&self) -> Option<GPooled<T>> {
        self.0.pool.try_take().map(|object| GPooled(Object::Assigned(object, self.clone())))
    }

    pub fn insert(&self, mut object: GPooled<T>) {
        object.assign(self);
    }

    /// Drops a tenth of the bound if more than that is idle, and else a hundredth.
    pub fn prune(&self) {
        let tenth = (self.0.sizes.0 / 10).max(1);
        let idle = self.0.pool.stats().idle as usize;
        let count = if idle > tenth { tenth } else { (tenth / 10).max(1) };
        self.0.pool.drain().take(count).for_each(drop);
    }
}

impl<T: IsoPoolable> Entry for Pool<T> {
    fn new(sizes: Sizes) -> Self {
        Self::new(sizes.0, sizes.1)
    }

    fn sizes(&self) -> Sizes {
        self.0.sizes
    }

    fn clear(&self) {
        self.0.pool.clear();
    }
}

pub fn clear() {
    POOLS.clear();
}

pub fn clear_type<T: IsoPoolable>() {
    POOLS.clear_type::<Pool<T>>();
}

pub fn set_size<T: IsoPoolable>(max_pool_size: usize, max_element_capacity: usize) {
    POOLS.set_size::<Pool<T>>((max_pool_size, max_element_capacity));
}

pub fn get_size<T: IsoPoolable>() -> Option<Sizes> {
    Some(POOLS.get_size::<Pool<T>>())
}

#[inline]
pub fn take<T: IsoPoolable>() -> GPooled<T> {
    POOLS.get::<Pool<T>>(None).take()
}

pub fn take_sz<T: IsoPoolable>(max: usize, max_elements: usize) -> GPooled<T> {
    take_any(max, max_elements)
}

pub fn pool<T: IsoPoolable>() -> Option<Pool<T>> {
    Some(POOLS.get::<Pool<T>>(None).clone())
}

pub fn pool_sz<T: IsoPoolable>(max: usize, max_elements: usize) -> Option<Pool<T>> {
    Some(pool_any(max, max_elements))
}

pub fn pool_any<T: IsoPoolable>(size: usize, max: usize) -> Pool<T> {
    POOLS.get::<Pool<T>>(Some((size, max))).clone()
}

pub fn take_any<T: IsoPoolable>(size: usize, max: usize) -> GPooled<T> {
    POOLS.get::<Pool<T>>(Some((size, max))).take()
}

enum Object<T: IsoPoolable> {
    Lent(OwnedPooled<T>),
    Assigned(T, Pool<T>),
    Orphan(T),
    /// Only while the guard is dropped or changed.
    Gone,
}

pub struct GPooled<T: IsoPoolable>(Object<T>);

impl<T: IsoPoolable> GPooled<T> {
    pub fn take() -> Self {
        take()
    }

    pub fn take_sz(max: usize, max_elements: usize) -> Self {
        take_sz(max, max_elements)
    }

    pub fn orphan(object: T) -> Self {
        Self(Object::Orphan(object))
    }

    pub fn assign(&mut self, pool: &Pool<T>) {
        self.0 = Object::Assigned(self.remove(), pool.clone());
    }

    pub fn detach(mut self) -> T {
        self.remove()
    }

    fn remove(&mut self) -> T {
        match std::mem::replace(&mut self.0, Object::Gone) {
            Object::Lent(guard) => OwnedPooled::detach(guard),
            Object::Assigned(object, _) | Object::Orphan(object) => object,
            Object::Gone => unreachable!("only while it is dropped"),
        }
    }
}

impl<T: IsoPoolable> Drop for GPooled<T> {
    #[inline]
    fn drop(&mut self) {
        if let Object::Assigned(..) = self.0
            && let Object::Assigned(object, pool) = std::mem::replace(&mut self.0, Object::Gone)
        {
            pool.0.pool.put(object);
        }
    }
}

impl<T: IsoPoolable> Deref for GPooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Object::Lent(guard) => guard,
            Object::Assigned(object, _) | Object::Orphan(object) => object,
            Object::Gone => unreachable!("only while it is dropped"),
        }
    }
}

impl<T: IsoPoolable> DerefMut for GPooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Object::Lent(guard) => guard,
            Object::Assigned(object, _) | Object::Orphan(object) => object,
            Object::Gone => unreachable!("only while it is dropped"),
        }
    }
}

impl<T: IsoPoolable> Default for GPooled<T> {
    fn default() -> Self {
        take()
    }
}

/// A clone belongs to no pool.
impl<T: IsoPoolable + Clone> Clone for GPooled<T> {
    fn clone(&self) -> Self {
        Self::orphan((**self).clone())
    }
}

impl<T: IsoPoolable> AsRef<T> for GPooled<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: IsoPoolable> Borrow<T> for GPooled<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl Borrow<str> for GPooled<String> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<T: IsoPoolable + fmt::Debug> fmt::Debug for GPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: IsoPoolable + fmt::Display> fmt::Display for GPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: IsoPoolable + PartialEq> PartialEq for GPooled<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: IsoPoolable + Eq> Eq for GPooled<T> {}

impl<T: IsoPoolable + PartialOrd> PartialOrd for GPooled<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: IsoPoolable + Ord> Ord for GPooled<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: IsoPoolable + Hash> Hash for GPooled<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: IsoPoolable + Extend<E>, E> Extend<E> for GPooled<T> {
    fn extend<I: IntoIterator<Item = E>>(&mut self, items: I) {
        (**self).extend(items);
    }
}

/// An object that gives itself back: its `Drop` calls `insert` of the pool that its `WeakPool` leads
/// to, and `really_drop` frees it.
pub trait RawPoolable: Sized + Send + 'static {
    fn empty(pool: WeakPool<Self>) -> Self;

    fn reset(&mut self);

    fn capacity(&self) -> usize;

    fn really_drop(self);
}

/// An object in the pool, whose own `Drop` would put it there again.
struct Idle<T: RawPoolable>(Option<ManuallyDrop<T>>);

impl<T: RawPoolable> Idle<T> {
    fn remove(mut self) -> T {
        ManuallyDrop::into_inner(self.0.take().expect("removed once"))
    }
}

impl<T: RawPoolable> Drop for Idle<T> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            ManuallyDrop::into_inner(object).really_drop();
        }
    }
}

struct RawShared<T: RawPoolable> {
    pool: corepool::Pool<Idle<T>>,
    sizes: Sizes,
}

pub struct RawPool<T: RawPoolable>(Arc<RawShared<T>>);

pub struct WeakPool<T: RawPoolable>(Weak<RawShared<T>>);

impl<T: RawPoolable> Clone for RawPool<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: RawPoolable> Clone for WeakPool<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: RawPoolable> fmt::Debug for WeakPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<weak pool>")
    }
}

impl<T: RawPoolable> WeakPool<T> {
    pub fn new() -> Self {
        Self(Weak::new())
    }

    pub fn upgrade(&self) -> Option<RawPool<T>> {
        self.0.upgrade().map(RawPool)
    }
}

impl<T: RawPoolable> Default for WeakPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: RawPoolable> RawPool<T> {
    pub fn new(max_capacity: usize, max_elt_capacity: usize) -> Self {
        let pool = <corepool::Pool<Idle<T>>>::new(|| Idle(None)).with_max_idle(max_capacity);
        Self(Arc::new(RawShared { pool, sizes: (max_capacity, max_elt_capacity) }))
    }

    pub fn downgrade(&self) -> WeakPool<T> {
        WeakPool(Arc::downgrade(&self.0))
    }

    pub fn try_take(&self) -> Option<T> {
        self.0.pool.try_take().map(Idle::remove)
    }

    pub fn take(&self) -> T {
        let mut idle = self.0.pool.take();
        let object = idle.0.take().map(ManuallyDrop::into_inner);
        object.unwrap_or_else(|| T::empty(self.downgrade()))
    }

    pub fn insert(&self, mut object: T) {
        if (1..=self.0.sizes.1).contains(&object.capacity()) {
            object.reset();
            self.0.pool.put(Idle(Some(ManuallyDrop::new(object))));
        } else {
            object.really_drop();
        }
    }

    pub fn prune(&self) {
        let tenth = (self.0.sizes.0 / 10).max(1);
        let idle = self.0.pool.stats().idle as usize;
        let count = if idle > tenth { tenth } else { (tenth / 10).max(1) };
        self.0.pool.drain().take(count).for_each(drop);
    }
}
