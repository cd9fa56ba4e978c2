//! The public type [`Pool`], with the hit path of its guards, which is inlined.
//!
//! `values.rs` has the methods for objects by value, `slow_path.rs` what runs when there is no hit,
//! and `options.rs` what is set before the first use.

use std::fmt;

use super::{
    core::Core,
    handle::{CoreHandle, LocalShard},
    pooled::Pooled,
    recall::Effort,
    return_to::ReturnTo,
    stats::Stats,
};
use crate::{
    collect::{collect, join::slow_path_seat},
    containers::cell::{CellBox, ObjectCell},
    seat::{current::CurrentSeat, table::Seats},
};

/// A concurrent pool of objects, which are reused instead of created anew.
///
/// Any thread may call any method at any time. A thread gets first the objects that it put back
/// itself, roughly in last-in, first-out order, and then objects that it can steal from other
/// threads. What a thread did to an object before it put the object back happens before the next
/// holder gets it.
///
/// A pool may drop an idle object at any time (see [`collect`](crate::collect())), may hand out any
/// of its idle objects, and may create an object even when an idle one exists. An object has at
/// most one holder at a time, and is dropped exactly once.
///
/// # Examples
///
/// ```
/// use corepool::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
///
/// let mut buffer = BUFFERS.get();
/// buffer.extend_from_slice(b"hello");
/// # buffer.clear();
/// ```
///
/// When a `static` pool sets a hook or a bound, write the pool's type out; otherwise the types of its
/// closures cannot be inferred:
///
/// ```
/// use corepool::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(4096))
///     .with_recycle(|buffer| {
///         buffer.clear();
///         buffer.capacity() <= 1 << 20
///     })
///     .with_max_idle(1000);
///
/// BUFFERS.get().extend_from_slice(b"hello");
/// assert!(BUFFERS.get().is_empty());
/// ```
// Every hit reads the pool. The alignment keeps its neighbours' writes off its
// cache lines.
#[repr(align(128))]
pub struct Pool<T, F = fn() -> T> {
    pub(super) core: CoreHandle<T>,
    pub(super) create: F,
    pub(super) recycle: Option<fn(&mut T) -> bool>,
    /// Whether there is neither `recycle` nor `weight`.
    pub(super) is_plain: bool,
    pub(super) weight: Option<fn(&T) -> usize>,
    pub(super) max_idle: usize,
    pub(super) max_idle_bytes: usize,
}

impl<T, F> Pool<T, F> {
    /// Creates an empty pool that makes its objects with `create`.
    ///
    /// This allocates nothing. The first use of the pool allocates, and panics if there is no
    /// memory. After that, only a new object needs memory: without memory, the pool keeps working,
    /// and drops an object that it cannot store.
    ///
    /// `create` may block, panic, and use the same pool: no lock is held while it runs.
    pub const fn new(create: F) -> Self {
        Self {
            core: CoreHandle::new(),
            create,
            recycle: None,
            is_plain: true,
            weight: None,
            max_idle: usize::MAX,
            max_idle_bytes: usize::MAX,
        }
    }

    #[cfg(feature = "zeroize")]
    pub(crate) const fn is_unused(&self) -> bool {
        self.core.is_unused()
    }

    /// Pins the seat of the calling thread, and finds its shard for a hit.
    #[inline(always)]
    pub(super) fn pin_local(&self) -> Option<LocalShard<'_, T>> {
        // SAFETY: the seat is this thread's, and not pinned: pins do not outlive a call of this
        // crate.
        unsafe { self.core.pin_local(CurrentSeat::get()) }
    }

    /// The hit path of [`get`](Self::get): pops an object from the private part of the thread's own
    /// shard.
    #[inline(always)]
    pub(super) fn hit(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        let full = self.pin_local()?.private().pop()?;
        // SAFETY: there was a shard, so there is a core.
        Some((full, ReturnTo::core_of(unsafe { self.core.used() })))
    }

    /// The hit path of [`get_owned`](Self::get_owned).
    #[inline(always)]
    pub(super) fn hit_owned(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        let local = self.pin_local()?;
        if !local.lends() {
            return None;
        }
        let full = local.private().pop()?;
        // bug: loan not counted by a hit
        local.shard.add_loans(1);
        // SAFETY: there was a shard, so there is a core.
        Some((full, ReturnTo::core_of(unsafe { self.core.used() })))
    }

    /// Returns the core of a pool that has lent an object, and so has a core.
    pub(super) fn used_core(&self) -> &Core<T> {
        self.core.get().expect("a pool has a core from its first use on")
    }

    /// Returns where a guard returns its object.
    pub(super) fn return_to(&self) -> ReturnTo<T> {
        self.used_core();
        // SAFETY: it has a core. The last guard may free the core by this pointer, which a reference
        // would not allow.
        // bug: core freed by a reference
        ReturnTo::core_of(unsafe { self.core.used() })
    }
}

impl<T: Send + 'static, F: Fn() -> T> Pool<T, F> {
    /// Returns an idle object, or a new one made by `create`. The object returns to the pool when
    /// the guard is dropped.
    ///
    /// Use [`take`](Self::take) to get the object by value instead.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(|| String::with_capacity(64));
    /// let mut s = pool.get();
    /// s.push_str("any type will do");
    /// ```
    #[inline]
    #[must_use = "the object returns to the pool at once"]
    pub fn get(&self) -> Pooled<'_, T, F> {
        let (full, return_to) = self.hit().unwrap_or_else(|| self.get_slow());
        Pooled::new(full, return_to)
    }

    /// Returns an idle object, or `None` if the search finds none. Never creates an object.
    ///
    /// `None` means that nothing was idle, at some moment of the call, but what other threads were just
    /// then putting or taking.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// assert!(pool.try_get().is_none());
    /// pool.put(String::from("one"));
    /// assert!(pool.try_get().is_some());
    /// ```
    #[inline]
    pub fn try_get(&self) -> Option<Pooled<'_, T, F>> {
        self.try_get_with(Effort::Full)
    }

    /// Returns a new object, whether or not others are idle.
    #[cfg(feature = "bytes")]
    pub(crate) fn get_new(&self) -> Pooled<'_, T, F> {
        Pooled::new(self.make(), self.return_to())
    }

    /// As [`try_get`](Self::try_get), with another effort.
    #[inline]
    pub(crate) fn try_get_with(&self, effort: Effort) -> Option<Pooled<'_, T, F>> {
        let (full, return_to) = self.hit().or_else(|| self.try_get_slow(effort))?;
        Some(Pooled::new(full, return_to))
    }

    /// Creates `additional` objects ahead of time, and stores them where any thread finds them. A
    /// pool with a bound stops when the bound is reached.
    ///
    /// # Panics
    ///
    /// If `create` panics; the objects created before stay in the pool. With "capacity overflow" if
    /// `additional` objects, or as many of them as the bound allows, cannot fit into memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(|| Vec::<u8>::with_capacity(4096));
    /// pool.reserve(8);
    /// assert_eq!(pool.stats().idle, 8);
    /// ```
    pub fn reserve(&self, additional: usize) {
        let core = self.core();
        let most = isize::MAX as usize / size_of::<ObjectCell<T>>();
        assert!(additional.min(self.max_idle) <= most, "capacity overflow");
        self.make_idle(core, additional);
        // bug: reserved objects do not age
        core.poll();
    }

    /// Creates idle objects, at most `additional`, until the bound is reached.
    fn make_idle(&self, core: &Core<T>, additional: usize) {
        for _ in 0..additional {
            // bug: reserve ignores the bound
            let has_room = || core.quota.has_room();
            if !core.lease_recalled(slow_path_seat(), has_room) {
                return;
            }
            let full = self.make();
            let weight = core.weigh(full.get());
            if let Err(full) = core.shelve_new(slow_path_seat(), full, weight) {
                return core.drop_counted(full);
            }
        }
    }

    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to every pool: drops
    /// the objects that have been idle since before the previous collect.
    ///
    /// # Panics
    ///
    /// If destructors panic. All objects are dropped first; then the first panic is resumed.
    pub fn trim(&self) {
        if let Some(core) = self.core.get() {
            collect::age(Seats::process(), core, false);
        }
    }

    /// Drops all idle objects now, including those of other threads.
    ///
    /// Exception: if the system has stopped a thread in the middle of an operation on any pool, the
    /// objects that the thread has put here since the last [`collect`](crate::collect()) stay until
    /// a later collect. In a sandbox that refuses `membarrier`, so may those of threads that use no
    /// pool at that time.
    ///
    /// # Panics
    ///
    /// If destructors panic. All objects are dropped first; then the first panic is resumed.
    pub fn clear(&self) {
        if let Some(core) = self.core.get() {
            collect::age(Seats::process(), core, true);
        }
    }

    /// Returns the number of idle objects, and what the pool has done so far.
    ///
    /// The call takes a while, because it visits every shard. The counting itself costs the users
    /// of the pool next to nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// drop(pool.get());
    /// drop(pool.get());
    /// let stats = pool.stats();
    /// assert_eq!((stats.hits, stats.misses, stats.idle), (1, 1, 1));
    /// ```
    pub fn stats(&self) -> Stats {
        self.core.get().map_or_else(Stats::default, Core::stats)
    }
}

impl<T: Default> Default for Pool<T> {
    /// Creates a pool that makes its objects with `T::default`.
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T, F> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("max_idle", &self.max_idle).finish_non_exhaustive()
    }
}
