//! The public type [`Pool`], with the hit path of its guards, which is inlined.
//!
//! `values.rs` has the methods for objects by value, `slow_path.rs` what runs when there is no hit,
//! and `options.rs` what is set before the first use.

use std::{convert::Infallible, fmt, iter, marker::PhantomData, mem::MaybeUninit, ptr::NonNull};

use super::{
    core::Core,
    handle::{CoreHandle, LocalShard},
    manage::Manage,
    pooled::Pooled,
    recall::Effort,
    return_to::ReturnTo,
    scope::{Scope, Scoped, Static},
    stats::Stats,
};
use crate::{
    chaos_mode::{self, ChaosOptions},
    collect::{collect, join::slow_path_seat},
    containers::cell::{CellBox, ObjectCell},
    seat::{current::CurrentSeat, table::Seats},
    shard::drops::Reason,
};

/// A concurrent pool of objects, which are reused instead of created anew.
///
/// Any thread may call any method at any time. A thread gets first the objects that it put back
/// itself, and then objects that it can steal from other threads. Which of several idle objects it gets
/// is not specified: a pool is not a stack, although a thread that uses one object at a time gets the
/// same one again as long as no other thread takes it. What a thread did to an object before it put the object back happens before the next
/// holder gets it.
///
/// `T` is the type of the objects, and `M` that of the manager, which makes them: see [`Manage`]. `S` says
/// whether the objects may borrow: see [`Scoped`].
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
pub struct Pool<T, M = fn() -> T, S = Static> {
    pub(super) core: CoreHandle<T>,
    /// Uninitialised from the first use on, when it moves to the core.
    pub(super) manager: MaybeUninit<M>,
    pub(super) recycle: Option<fn(&mut T) -> bool>,
    /// Whether objects come back without a call of user code.
    pub(super) is_plain: bool,
    pub(super) weight: Option<fn(&T) -> usize>,
    pub(super) max_idle: usize,
    pub(super) min_idle: usize,
    pub(super) max_idle_bytes: usize,
    pub(super) name: &'static str,
    pub(super) chaos: ChaosOptions<T>,
    scope: PhantomData<fn() -> S>,
}

impl<T, M: Manage<T>> Pool<T, M> {
    /// Creates an empty pool that makes its objects with `manager`: a closure `Fn() -> T`, or another
    /// type that implements [`Manage`].
    ///
    /// This allocates nothing. The first use of the pool allocates, and panics if there is no
    /// memory. After that, only a new object needs memory: without memory, the pool keeps working,
    /// and drops an object that it cannot store.
    ///
    /// The manager may block, panic, and use the same pool: no lock is held while it runs.
    pub const fn new(manager: M) -> Self {
        Self::unused(manager)
    }
}

impl<T, M: Manage<T>> Pool<T, M, Scoped> {
    /// Creates an empty pool whose objects, and whose manager, may borrow. Otherwise as
    /// [`new`](Pool::new).
    ///
    /// No [`collect`](crate::collect()) drops objects of such a pool, not even one that a thread of this
    /// crate runs: idle objects are dropped with the pool, or by [`trim`](Self::trim) and
    /// [`clear`](Self::clear). It lends no owned guards.
    ///
    /// A function that takes such a pool names the parameter, as in `pool: &Pool<T, M, Scoped>`. One for
    /// all pools has a parameter `S: Scope<T>`.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Scoped};
    /// use std::thread;
    ///
    /// struct Parser<'t> {
    ///     text: &'t str,
    ///     words: Vec<&'t str>,
    /// }
    ///
    /// let text = String::from("a text that is not static");
    /// let parsers: Pool<Parser, _, Scoped> =
    ///     Pool::scoped(|| Parser { text: &text, words: Vec::new() });
    /// let count = || {
    ///     let mut parser = parsers.get();
    ///     parser.words.clear();
    ///     let text = parser.text;
    ///     parser.words.extend(text.split(' '));
    ///     parser.words.len()
    /// };
    /// let other = thread::scope(|s| s.spawn(count).join().unwrap());
    /// assert_eq!((count(), other), (6, 6));
    /// ```
    pub const fn scoped(manager: M) -> Self {
        Self::unused(manager)
    }
}

impl<T, M: Manage<T>, S> Pool<T, M, S> {
    const fn unused(manager: M) -> Self {
        Self {
            core: CoreHandle::new(),
            manager: MaybeUninit::new(manager),
            recycle: None,
            is_plain: !M::RECYCLES,
            weight: None,
            max_idle: usize::MAX,
            min_idle: 0,
            max_idle_bytes: usize::MAX,
            name: "",
            chaos: ChaosOptions::new(),
            scope: PhantomData,
        }
    }
}

impl<T, M, S> Pool<T, M, S> {
    #[cfg(feature = "bytes")]
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

    /// As [`pin_local`](Self::pin_local), where the fences are symmetric: what would be a hit elsewhere
    /// calls the slow path, which begins with this.
    #[inline]
    pub(super) fn pin_fenced(&self) -> Option<LocalShard<'_, T>> {
        // SAFETY: as in `pin_local`.
        unsafe { self.core.pin_fenced(CurrentSeat::get()) }
    }

    /// The hit path of [`get`](Self::get): pops an object from the private part of the thread's own
    /// shard.
    #[inline(always)]
    pub(super) fn hit(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        // bug: hit in chaos mode
        if chaos_mode::may_be_on() {
            return None;
        }
        let full = self.pin_local()?.private().pop()?;
        // SAFETY: there was a shard, so there is a core.
        Some((full, ReturnTo::core_of(unsafe { self.core.used() })))
    }

    /// The hit path of [`get_owned`](Self::get_owned).
    #[inline(always)]
    pub(super) fn hit_owned(&self) -> Option<(CellBox<T>, ReturnTo<T>)> {
        // bug: owned hit in chaos mode
        if chaos_mode::may_be_on() {
            return None;
        }
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

    /// Returns what a guard of this object holds: the object, and where it goes back to.
    pub(super) fn guarded(&self, full: CellBox<T>) -> (CellBox<T>, ReturnTo<T>) {
        let full = self.used_core().chaos.note_lent(full);
        // SAFETY: it has a core. The last guard may free the core by this pointer, which a reference
        // would not allow.
        // bug: core freed by a reference
        (full, ReturnTo::core_of(unsafe { self.core.used() }))
    }
}

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
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
    pub fn get(&self) -> Pooled<'_, T> {
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
    pub fn try_get(&self) -> Option<Pooled<'_, T>> {
        let (full, return_to) = self.hit().or_else(|| self.try_get_slow(Effort::Full))?;
        Some(Pooled::new(full, return_to))
    }

    /// Returns an idle object, or a new one made by `create` instead of the pool's manager. Use it if the
    /// creation needs a context.
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
    /// let pool = Pool::new(Vec::<u8>::new);
    /// let expected = 3000;
    /// let buffer = pool.get_or(|| Vec::with_capacity(expected));
    /// assert!(buffer.capacity() >= 3000);
    /// ```
    #[inline]
    #[must_use = "the object returns to the pool at once"]
    pub fn get_or(&self, create: impl FnOnce() -> T) -> Pooled<'_, T> {
        let Ok(guard) = self.get_or_try(|| Ok::<T, Infallible>(create()));
        guard
    }

    /// Returns an idle object, or a new one made by `create`, which may fail. It does not call the
    /// pool's manager to create one; [`get`](Self::get), [`take`](Self::take) and
    /// [`reserve`](Self::reserve) do.
    ///
    /// # Errors
    ///
    /// The error of `create`. The pool is not affected.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    /// use std::{fs::File, io};
    ///
    /// let files: Pool<File> = Pool::new(|| unreachable!("get_or_try opens them"));
    /// let got: io::Result<_> = files.get_or_try(|| File::open("no such file"));
    /// assert!(got.is_err());
    /// ```
    #[inline]
    pub fn get_or_try<E>(&self, create: impl FnOnce() -> Result<T, E>) -> Result<Pooled<'_, T>, E> {
        let (full, return_to) = match self.hit() {
            Some(got) => got,
            None => self.get_or_try_slow(create)?,
        };
        Ok(Pooled::new(full, return_to))
    }

    /// Returns a guard for an object that was made elsewhere. The object goes to the pool when the guard
    /// is dropped, as any other does.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// drop(pool.attach(String::from("mine")));
    /// assert_eq!(*pool.get(), "mine");
    /// ```
    #[must_use = "the object goes to the pool at once"]
    pub fn attach(&self, object: T) -> Pooled<'_, T> {
        let (full, return_to) = self.attach_cell(object);
        Pooled::new(full, return_to)
    }

    /// Returns the guard of an object that left it by [`Pooled::into_raw`].
    ///
    /// With the two, a type of your own can be the guard: it holds the pointer, and its `Drop` returns
    /// the object.
    ///
    /// # Safety
    ///
    /// `object` came from `into_raw` of a guard of this pool, and has not come back since. Nothing else
    /// uses it.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Pooled};
    /// use std::ptr::NonNull;
    ///
    /// static LINES: Pool<String> = <Pool<String>>::new(String::new).with_recycle(|line| {
    ///     line.clear();
    ///     true
    /// });
    ///
    /// /// A line that goes back to its pool by itself, and is one word in size.
    /// struct Line(NonNull<String>);
    ///
    /// impl Line {
    ///     fn new() -> Self {
    ///         Self(Pooled::into_raw(LINES.get()))
    ///     }
    ///
    ///     fn push(&mut self, text: &str) {
    ///         // SAFETY: the line owns the string.
    ///         unsafe { self.0.as_mut() }.push_str(text);
    ///     }
    /// }
    ///
    /// impl Drop for Line {
    ///     fn drop(&mut self) {
    ///         // SAFETY: it came from `into_raw`, and is not used any more.
    ///         drop(unsafe { LINES.from_raw(self.0) });
    ///     }
    /// }
    ///
    /// Line::new().push("hello");
    /// assert_eq!(LINES.stats().idle, 1);
    /// ```
    #[inline]
    #[must_use = "the object returns to the pool at once"]
    pub unsafe fn from_raw(&self, object: NonNull<T>) -> Pooled<'_, T> {
        // SAFETY: the caller's promise. The pool has lent the object, so it has a core.
        unsafe {
            let mut full = CellBox::from_value_ptr(object);
            if let Some(on) = chaos_mode::on() {
                full = self.core().chaos.rejoin(on, full);
            }
            Pooled::new(full, ReturnTo::core_of(self.core.used()))
        }
    }

    /// Takes the idle objects out of the pool, by value, until it is empty. Objects that come back
    /// meanwhile are taken as well.
    ///
    /// Each object that is taken counts as a hit, and the end as a miss.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// pool.reserve(3);
    /// assert_eq!(pool.drain().count(), 3);
    /// assert_eq!(pool.stats().idle, 0);
    /// ```
    pub fn drain(&self) -> impl Iterator<Item = T> {
        let taken = |_: &T| self.core().left.add(1);
        iter::from_fn(|| self.try_take()).inspect(taken)
    }

    /// Returns a new object, whether or not others are idle.
    #[cfg(feature = "bytes")]
    pub(crate) fn get_new(&self) -> Pooled<'_, T> {
        let (full, return_to) = self.guarded(self.make());
        Pooled::new(full, return_to)
    }

    /// Returns an object of the private part of the thread's own shard, if there is one.
    #[cfg(feature = "bytes")]
    #[inline]
    pub(crate) fn try_hit(&self) -> Option<Pooled<'_, T>> {
        let (full, return_to) = self.hit()?;
        Some(Pooled::new(full, return_to))
    }

    /// As [`try_get`](Self::try_get), with little effort.
    #[cfg(feature = "bytes")]
    pub(crate) fn try_get_modest(&self) -> Option<Pooled<'_, T>> {
        self.try_hit().or_else(|| self.try_get_beyond())
    }

    /// As [`try_get_modest`](Self::try_get_modest), after [`try_hit`](Self::try_hit) has failed.
    #[cfg(feature = "bytes")]
    pub(crate) fn try_get_beyond(&self) -> Option<Pooled<'_, T>> {
        let (full, return_to) = self.try_get_slow(Effort::Modest)?;
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
            let full = core.chaos.note_idle(self.make(), None);
            let weight = core.weigh(full.get());
            if let Err(full) = core.shelve_new(slow_path_seat(), full, weight) {
                return core.drop_counted(full, Reason::Full);
            }
        }
    }
}

impl<T: Send, M, S> Pool<T, M, S> {
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
            core.drops.prepare();
            collect::age(Seats::process(), core, true);
        }
    }
}

impl<T, M, S> Pool<T, M, S> {
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

impl<T, M, S> fmt::Debug for Pool<T, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("max_idle", &self.max_idle)
            .finish_non_exhaustive()
    }
}

impl<T, M, S> Drop for Pool<T, M, S> {
    fn drop(&mut self) {
        self.look_for_misuse();
        if self.core.is_unused() {
            // SAFETY: it has not moved to a core, and is dropped once.
            // bug: manager of an unused pool leaked
            unsafe { self.manager.assume_init_drop() };
        }
    }
}
