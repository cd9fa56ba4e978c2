//! The options of a pool, which are set before its first use: hooks and bounds.

use super::pool::Pool;

impl<T, M, S> Pool<T, M, S> {
    /// Sets `recycle` as the hook that runs on each object that comes back, when a guard is dropped
    /// or in [`put`](Self::put). If it returns `false`, the object is dropped.
    ///
    /// Use it to reset objects, and to refuse those that are broken or have grown too large. It
    /// does not run on the object of a guard that a panic drops, since that object is always
    /// dropped.
    ///
    /// `recycle` may block, panic, and use the same pool: no lock is held while it runs. If it
    /// panics, the object is dropped.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    ///
    /// # Examples
    ///
    /// If the compiler cannot infer the type of the argument, write the pool's type out:
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = <Pool<String>>::new(String::new).with_recycle(|s| {
    ///     s.clear();
    ///     s.capacity() <= 4096
    /// });
    /// pool.get().push_str("left behind");
    /// assert_eq!(*pool.get(), "");
    /// ```
    pub const fn with_recycle(mut self, recycle: fn(&mut T) -> bool) -> Self {
        assert!(self.core.is_unused(), "the hook must be set before the pool is used");
        self.recycle = Some(recycle);
        self.is_plain = false;
        self
    }

    /// Keeps at most `objects` idle objects in total, across all threads. An object that comes back
    /// to a full pool is dropped. 0 turns pooling off.
    ///
    /// The bound is never exceeded, and can be filled exactly; but if several threads put at the same
    /// time, an object may be dropped while another thread has units at hand. A hit costs the same as without a
    /// bound as long as there are at least as many units as threads that use the pool: each thread
    /// leases a few units, and those that it does not use are recalled when another thread needs
    /// them.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(|| vec![0u8; 1 << 20]).with_max_idle(1);
    /// drop((pool.get(), pool.get()));
    /// assert_eq!(pool.stats().idle, 1);
    /// ```
    pub const fn with_max_idle(mut self, objects: usize) -> Self {
        assert!(self.core.is_unused(), "the bound must be set before the pool is used");
        self.max_idle = objects;
        self
    }

    /// Has collects leave `objects` idle objects, if there are as many: those that were used last, as far
    /// as collects can tell. [`clear`](Self::clear) drops them as well.
    ///
    /// Use it if objects are expensive, and a quiet time must not cost all of them. It creates none: see
    /// [`reserve`](Self::reserve). As long as such objects are idle, the thread that collects
    /// automatically does not end.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, collect};
    ///
    /// let pool = Pool::new(String::new).with_min_idle(2);
    /// pool.reserve(5);
    /// (0..3).for_each(|_| collect());
    /// assert_eq!(pool.stats().idle, 2);
    /// ```
    pub const fn with_min_idle(mut self, objects: usize) -> Self {
        assert!(self.core.is_unused(), "the bound must be set before the pool is used");
        self.min_idle = objects;
        self
    }

    /// Keeps idle objects of at most `bytes` bytes in total, across all threads. An object that
    /// would exceed this when it comes back is dropped; so one that weighs more than `bytes` is
    /// never kept. 0 turns pooling off, unless objects weigh nothing.
    ///
    /// [`with_weight`](Self::with_weight) sets what an object weighs. Without it, each object
    /// weighs `size_of::<T>()`, and this method is [`with_max_idle`](Self::with_max_idle) with as
    /// many objects as fit into `bytes`. If both bounds are set, the stricter one holds.
    ///
    /// With weights, the bound is never exceeded and can be filled exactly. Objects that a
    /// [`collect`](crate::collect()) is about to drop count until their destructors have run.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// static BUFFERS: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new)
    ///     .with_weight(|buffer| buffer.capacity())
    ///     .with_max_idle_bytes(1 << 20);
    ///
    /// BUFFERS.put(Vec::with_capacity(1 << 19));
    /// BUFFERS.put(Vec::with_capacity(1 << 20));
    /// assert_eq!((BUFFERS.stats().idle, BUFFERS.stats().idle_bytes), (1, 1 << 19));
    /// ```
    pub const fn with_max_idle_bytes(mut self, bytes: usize) -> Self {
        assert!(self.core.is_unused(), "the bound must be set before the pool is used");
        self.max_idle_bytes = bytes;
        self
    }

    /// Sets `weight` as the function that returns what an object weighs, in bytes, for
    /// [`with_max_idle_bytes`](Self::with_max_idle_bytes). Without that bound, `weight` is never
    /// called.
    ///
    /// `weight` runs each time an object enters the pool, leaves it (except by a hit), or is dropped by it. It must
    /// return the same weight as long as the object is idle; otherwise the pool's total is off by
    /// the difference. It may block, panic, and use the same pool: no lock is held while it runs.
    /// If it panics, the object is dropped, and the panic reaches the caller; if the object was
    /// leaving the pool, its weight remains counted.
    ///
    /// A thread that gets objects and gives them back keeps their weight reserved meanwhile. If they have
    /// become lighter, it keeps up to twice the weight of one object, and the former weight of several.
    /// What is reserved and not used is recalled when another thread needs it, and given back by a
    /// collect.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_weight(mut self, weight: fn(&T) -> usize) -> Self {
        assert!(self.core.is_unused(), "the weight must be set before the pool is used");
        self.weight = Some(weight);
        self.is_plain = false;
        self
    }

    /// Gives the pool a name, which [`name`](Self::name) returns and `Debug` shows. The feature `metrics`
    /// reports the pools that have one when they are first used.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// static REQUESTS: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new).with_name("requests");
    /// assert_eq!(REQUESTS.name(), "requests");
    /// ```
    pub const fn with_name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Returns the pool's [name](Self::with_name), or an empty string.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}
