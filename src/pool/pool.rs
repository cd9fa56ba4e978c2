//! The pool: the public face, the hit path and the way to a miss.

use std::fmt;

use super::{
    core::Core,
    guard::{Pooled, ReturnTo},
    handle::CoreHandle,
    hooks::CountOnDrop,
};
use crate::{
    collect::{collect, join::slow_path_seat, schedule},
    containers::cell::{CellBox, EmptyCell, ObjectCell},
    seat::{
        current::{CurrentSeat, current},
        seat::{Pin, Seat},
        table::Seats,
    },
    shard::{private::PrivateOwner, shard::Shard},
    util::counters::Stats,
};

/// Objects that are used again instead of made anew.
///
/// Any thread may get objects from a pool and put objects back, at the same time as others. Each
/// thread finds first what it put back itself, on the whole last in, first out; then what others can
/// spare. What a thread did to an object before putting it back happens before the next holder gets
/// it.
///
/// A pool may lose an idle object at any time (see [`collect`](crate::collect())), hand out any of
/// those that it has, and create an object although it has one. It never hands an object to two
/// holders, and drops each one exactly once.
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
/// With hooks, a static's closure must be told its type:
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
// Every hit reads it. What its neighbours write is on other lines.
#[repr(align(128))]
pub struct Pool<T, F = fn() -> T> {
    pub(super) core: CoreHandle<T>,
    create: F,
    pub(super) recycle: Option<fn(&mut T) -> bool>,
    pub(super) weight: Option<fn(&T) -> usize>,
    pub(super) max_idle: usize,
    pub(super) max_idle_bytes: usize,
}

impl<T, F> Pool<T, F> {
    /// A pool that makes its objects with `create`. It takes no memory until it is used; if there is
    /// none then, that first use panics. Later ones do without more, but for new objects.
    ///
    /// `create` may block, panic and use the same pool: nothing is locked while it runs.
    pub const fn new(create: F) -> Self {
        Self {
            core: CoreHandle::new(),
            create,
            recycle: None,
            weight: None,
            max_idle: usize::MAX,
            max_idle_bytes: usize::MAX,
        }
    }

    #[cfg(feature = "zeroize")]
    pub(crate) const fn is_unused(&self) -> bool {
        self.core.is_unused()
    }

    /// The seat of the calling thread, for the slow path, and for the hit path from then on.
    fn seat(&self, core: &Core<T>) -> Option<&'static Seat> {
        slow_path_seat().inspect(|seat| self.core.cache_segment(core, seat))
    }

    /// Pins the seat of the calling thread, if it has a shard here and no collector has claimed it.
    #[inline(always)]
    fn pin_local(&self) -> Option<LocalShard<'_, T>> {
        let (shard, seat) = self.core.local_shard(CurrentSeat::get())?;
        // SAFETY: the seat is this thread's, and not pinned: pins do not outlive a call of this crate.
        let pin = unsafe { seat.pin_fast() }?;
        Some(LocalShard { shard, _pin: pin })
    }

    /// The hit path: an object of the thread's own shard.
    #[inline(always)]
    pub(super) fn hit(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        let local = self.pin_local()?;
        Some((local.private().pop()?, ReturnTo::shard(local.shard)))
    }

    /// The hit path of [`take`](Self::take): the value of an object of the thread's own shard.
    #[inline(always)]
    fn take_local(&self) -> Option<T> {
        let local = self.pin_local()?;
        local.private().take()
    }

    /// Where the guards of the calling thread give back.
    #[inline]
    pub(super) fn return_to(&self) -> ReturnTo<T> {
        match self.core.local_shard(CurrentSeat::get()) {
            Some((shard, _)) => ReturnTo::shard(shard),
            None => ReturnTo::core_of(self.used_core()),
        }
    }

    /// The core of a pool that has guards, hence one.
    pub(super) fn used_core(&self) -> &Core<T> {
        self.core.get().expect("a pool has a core from its first use on")
    }
}

/// The shard of the calling thread, pinned. No user code may run while this lives, and nothing that
/// pins.
struct LocalShard<'a, T> {
    shard: &'a Shard<T>,
    _pin: Pin<'static>,
}

impl<T> LocalShard<'_, T> {
    #[inline(always)]
    fn private(&self) -> PrivateOwner<'_, T> {
        // SAFETY: pinned.
        unsafe { PrivateOwner::new(&self.shard.private) }
    }
}

impl<T: Send + 'static, F: Fn() -> T> Pool<T, F> {
    /// An idle object, or a new one. It comes back when the guard is dropped.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is as before.
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
    #[must_use = "the object goes back at once"]
    pub fn get(&self) -> Pooled<'_, T, F> {
        let (full, return_to) = self.hit().unwrap_or_else(|| self.get_slow());
        Pooled::new(full, return_to)
    }

    /// An idle object, if there is one.
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
        let (full, return_to) = self.hit().or_else(|| self.try_get_slow())?;
        Some(Pooled::new(full, return_to))
    }

    /// An idle object or a new one, without a guard: Go's `Get`. To be given back by
    /// [`put`](Self::put), or not.
    ///
    /// A guard is faster, since it need not move the object.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is as before.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(Vec::<u8>::new);
    /// let buffer = pool.take();
    /// pool.put(buffer);
    /// ```
    #[inline]
    #[must_use = "the object is dropped at once"]
    pub fn take(&self) -> T {
        self.take_local().unwrap_or_else(|| self.take_slow())
    }

    /// An idle object without a guard, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(|| 1);
    /// assert_eq!(pool.try_take(), None);
    /// ```
    #[inline]
    pub fn try_take(&self) -> Option<T> {
        let Some(value) = self.take_local() else { return self.try_take_slow() };
        Some(value)
    }

    /// Puts an object in the pool: Go's `Put`. Any object will do, whoever made it.
    ///
    /// It is dropped if `recycle` refuses it, or if the pool is full.
    ///
    /// # Panics
    ///
    /// If `recycle` panics, or the destructor of an object that is dropped. The pool is as before.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// pool.put(String::from("mine"));
    /// assert_eq!(*pool.get(), "mine");
    /// ```
    #[inline]
    pub fn put(&self, value: T) {
        // SAFETY: forgotten if it is kept.
        // bug: values are kept as they are
        if self.recycle.is_none() && unsafe { self.put_local(&raw const value) } {
            std::mem::forget(value);
        } else {
            self.put_slow(value);
        }
    }

    /// Returns whether the value is in the thread's own shard now. If so, the caller forgets it.
    ///
    /// By its address, as each move of it might make it wait for the stores of the one before.
    ///
    /// # Safety
    ///
    /// As for [`ptr::read`](std::ptr::read), if it is kept.
    #[inline(always)]
    unsafe fn put_local(&self, from: *const T) -> bool {
        // SAFETY: the caller's promise.
        self.pin_local().is_some_and(|local| unsafe { local.private().put_from(from) })
    }

    #[inline(never)]
    fn put_slow(&self, mut value: T) {
        let core = self.core();
        if self.recycle.is_some() {
            if !core.recycle_ok(&mut value) {
                return;
            }
            // SAFETY: forgotten if it is kept.
            if unsafe { self.put_local(&raw const value) } {
                return std::mem::forget(value);
            }
        }
        let Err(value) = core.put_value(self.seat(core), value) else { return schedule::poll() };
        let spare = core.pop_empty(current());
        // bug: cell that must have memory
        let Some(empty) = spare.or_else(EmptyCell::try_new) else {
            // bug: object dropped without being counted
            let _count = CountOnDrop(core);
            return drop(value);
        };
        core.put_or_drop(empty.fill(value));
    }

    /// Creates so many objects ahead of time, for any thread to find. A bounded pool stops when it
    /// is full.
    ///
    /// # Panics
    ///
    /// If `create` panics: what was made before stays in the pool. With "capacity overflow" if so
    /// many objects, or as many as the bound allows, cannot fit into memory.
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
        for _ in 0..additional {
            // bug: reserve ignores the bound
            if !core.quota.has_room() {
                return;
            }
            let full = self.make();
            if !core.reserve_weight(&full) {
                return core.drop_counted(full);
            }
            if let Err(full) = core.shelve(full) {
                core.release_weight(&full);
                return core.drop_counted(full);
            }
        }
    }

    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to all of them.
    ///
    /// # Panics
    ///
    /// If destructors panic: once all objects have been dropped, with the first panic.
    pub fn trim(&self) {
        if let Some(core) = self.core.get() {
            collect::age(Seats::process(), core, false);
        }
    }

    /// Drops all idle objects, now, those of other threads too.
    ///
    /// Only a thread that the system has stopped in the midst of an operation, on whatever pool,
    /// keeps what it has put here since the last [`collect`](crate::collect()), until a later one.
    ///
    /// # Panics
    ///
    /// If destructors panic: once all objects have been dropped, with the first panic.
    pub fn clear(&self) {
        if let Some(core) = self.core.get() {
            collect::age(Seats::process(), core, true);
        }
    }

    /// What the pool holds and has done.
    ///
    /// Reading it takes a while, as it visits every shard; keeping it costs the pool's users next
    /// to nothing.
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

    /// The core, from the first use on.
    #[inline]
    fn core(&self) -> &Core<T> {
        self.core.get().unwrap_or_else(|| self.core.init(self.new_core()))
    }

    fn new_core(&self) -> Box<Core<T>> {
        let bytes = self.max_idle_bytes;
        let mut core = match self.weight {
            _ if bytes == usize::MAX => Core::new(self.max_idle),
            Some(weight) => Core::weighed(self.max_idle, weight, bytes),
            None => Core::new(self.max_idle.min(bytes / size_of::<T>().max(1))),
        };
        core.recycle = self.recycle;
        core
    }

    /// Looks for an idle object beyond the private part of the thread's own shard.
    #[inline(never)]
    fn search(&self) -> Option<CellBox<T>> {
        let core = self.core();
        let found = core.take(self.seat(core));
        // bug: lent objects weigh
        found.iter().for_each(|full| core.release_weight(full));
        schedule::poll();
        found
    }

    /// Whether a few loads show that a search would find nothing.
    #[inline(always)]
    fn has_nothing(&self) -> bool {
        let own = self.core.local_shard(CurrentSeat::get()).zip(self.core.get());
        own.is_some_and(|((shard, _), core)| core.has_nothing(shard))
    }

    /// The slow path of [`take`](Self::take).
    #[inline(never)]
    fn take_slow(&self) -> T {
        self.try_take_slow().unwrap_or_else(|| self.create())
    }

    /// The slow path of [`try_take`](Self::try_take).
    #[inline(never)]
    fn try_take_slow(&self) -> Option<T> {
        if self.has_nothing() { None } else { self.search_value() }
    }

    #[inline(never)]
    fn search_value(&self) -> Option<T> {
        self.search().map(|full| self.core().take_value(current(), full))
    }

    /// The slow path of [`try_get`](Self::try_get).
    #[inline(never)]
    fn try_get_slow(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        if self.has_nothing() { None } else { self.search_loan() }
    }

    #[inline(never)]
    fn search_loan(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        self.search().map(|full| (full, self.return_to()))
    }

    /// The slow path of [`get`](Self::get).
    #[inline(never)]
    pub(super) fn get_slow(&self) -> (CellBox<T>, ReturnTo<T>) {
        self.try_get_slow().unwrap_or_else(|| (self.make(), self.return_to()))
    }

    /// A new object in a cell of its own. The cell comes first, so that `create` can write into it.
    #[cold]
    fn make(&self) -> CellBox<T> {
        let spare = self.core().pop_empty(current());
        spare.unwrap_or_else(EmptyCell::new).fill(self.create())
    }

    fn create(&self) -> T {
        schedule::poll();
        self.core().count(current(), |counters| &counters.created);
        (self.create)()
    }
}

impl<T: Default> Default for Pool<T> {
    /// A pool that makes its objects with `T::default`.
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T, F> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("max_idle", &self.max_idle).finish_non_exhaustive()
    }
}
