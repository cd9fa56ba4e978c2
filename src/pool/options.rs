//! What a pool may be told before its first use: hooks and bounds.

use super::pool::Pool;

impl<T, F> Pool<T, F> {
    /// Runs `recycle` on each object that comes back, by a guard's drop or [`put`](Self::put). If
    /// it returns `false`, the object is dropped.
    ///
    /// `recycle` may block, panic and use the same pool. If it panics, the object is dropped.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    ///
    /// # Examples
    ///
    /// If the compiler does not know the type of the argument yet, name that of the pool as below.
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
        self
    }

    /// Keeps at most so many idle objects, over all threads. What comes back beyond that is
    /// dropped; 0 turns pooling off.
    ///
    /// The bound is never exceeded. From 32 on, each thread keeps a small share of it to itself, at
    /// most a sixteenth, so that what comes back to others may be dropped although there is room:
    /// until the next [`collect`](crate::collect()), or [`trim`](Self::trim). Below 32 there are no
    /// shares, which is exact and somewhat slower.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
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

    /// Keeps idle objects of at most so many bytes, over all threads. What comes back beyond that is
    /// dropped, and so is an object that alone weighs more; 0 turns pooling off, unless objects
    /// weigh nothing.
    ///
    /// What an object weighs is told by [`with_weight`](Self::with_weight). Without that each weighs
    /// `size_of::<T>()`, and this is [`with_max_idle`](Self::with_max_idle) with as many objects as
    /// fit. Of two bounds the stricter holds.
    ///
    /// With weights the bound is never exceeded, and all of it can be used. Objects that a
    /// [`collect`](crate::collect()) is about to drop count until their destructors have run.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
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

    /// Says what an object weighs, for [`with_max_idle_bytes`](Self::with_max_idle_bytes). Without
    /// that nothing is weighed.
    ///
    /// `weight` runs each time that an object comes, leaves or is dropped. It must tell the same for
    /// an object as long as that is idle; otherwise the bound is off by the difference. It may
    /// block, panic and use the same pool: nothing is locked while it runs. An object at which it
    /// panics is dropped, and the panic goes on; if it was leaving, what it weighed is still counted.
    ///
    /// A pool that weighs keeps no objects for one thread alone, so that a hit costs several times
    /// as much as in others.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    pub const fn with_weight(mut self, weight: fn(&T) -> usize) -> Self {
        assert!(self.core.is_unused(), "the weight must be set before the pool is used");
        self.weight = Some(weight);
        self
    }
}
