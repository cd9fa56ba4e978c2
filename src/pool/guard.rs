//! [`Pooled`], the guard that borrows its pool, and [`ReturnTo`], which says where its object goes
//! back.
//!
//! A guard points to the shard of the thread that got it. Usually the thread that drops the guard
//! holds the seat of that shard. Then one comparison shows it, and the object goes straight into
//! the shard. Otherwise the shard's header leads to the pool's core, which stores the object.

use std::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    thread::panicking,
};

use super::{core::Core, handle::CoreHandle};
use crate::{
    containers::cell::CellBox,
    seat::current::{CurrentSeat, current},
    shard::{header::ShardHeader, private::PrivateOwner, shard::Shard},
    util::likely::likely,
};

/// A guard that holds an object of a [`Pool`](crate::Pool), and borrows the pool. See
/// [`Pool::get`](crate::Pool::get).
///
/// Dropping the guard returns the object to the pool, on any thread. If the thread is panicking,
/// the object is dropped instead, because it may be half-updated.
///
/// A guard is two words in size. Forgetting it leaks the object, and nothing else.
pub struct Pooled<'p, T, F = fn() -> T> {
    full: ManuallyDrop<CellBox<T>>,
    return_to: ReturnTo<T>,
    pool: PhantomData<&'p (CoreHandle<T>, F)>,
}

impl<T, F> Pooled<'_, T, F> {
    #[inline(always)]
    pub(crate) fn new(full: CellBox<T>, return_to: ReturnTo<T>) -> Self {
        Self { full: ManuallyDrop::new(full), return_to, pool: PhantomData }
    }

    /// Returns the object, and the core of its pool.
    fn into_parts(this: &mut ManuallyDrop<Self>) -> (CellBox<T>, &Core<T>) {
        // SAFETY: taken once, because the guard's `drop` does not run. The guard borrows the pool.
        unsafe { (ManuallyDrop::take(&mut this.full), this.return_to.core()) }
    }
}

impl<T: Send + 'static, F: Fn() -> T> Pooled<'_, T, F> {
    /// Returns the object by value, and takes it out of the pool for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Pooled};
    ///
    /// let pool = Pool::new(|| String::from("kept"));
    /// let kept: String = Pooled::detach(pool.get());
    /// assert_eq!(pool.stats().idle, 0);
    /// # let _ = kept;
    /// ```
    #[must_use = "the object is dropped at once"]
    pub fn detach(this: Self) -> T {
        let this = &mut ManuallyDrop::new(this);
        let (full, core) = Self::into_parts(this);
        core.take_value(current(), full)
    }

    /// Drops the object instead of returning it to the pool. Use it for an object that is broken,
    /// or not worth keeping.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::{Pool, Pooled};
    ///
    /// let pool = Pool::new(String::new);
    /// Pooled::discard(pool.get());
    /// assert_eq!(pool.stats().dropped, 1);
    /// ```
    pub fn discard(this: Self) {
        let this = &mut ManuallyDrop::new(this);
        let (full, core) = Self::into_parts(this);
        core.drop_counted(full);
    }
}

impl<T, F> Deref for Pooled<'_, T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.full.get()
    }
}

impl<T, F> DerefMut for Pooled<'_, T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.full.get_mut()
    }
}

impl<T, F> AsRef<T> for Pooled<'_, T, F> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T, F> AsMut<T> for Pooled<'_, T, F> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Pooled<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display, F> fmt::Display for Pooled<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T, F> Drop for Pooled<'_, T, F> {
    #[inline(always)]
    fn drop(&mut self) {
        let return_to = self.return_to;
        // SAFETY: the guard borrows the pool. Its object is taken once, and last, so that there is
        // nothing to drop if looking up the seat panics.
        unsafe {
            let local = return_to.local();
            return_to.give_back(ManuallyDrop::take(&mut self.full), local);
        }
    }
}

/// Where a guard returns its object: a pointer to the header of a shard, or to that of a core.
pub(crate) struct ReturnTo<T> {
    header: NonNull<ShardHeader>,
    core: PhantomData<NonNull<Core<T>>>,
}

impl<T> Clone for ReturnTo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ReturnTo<T> {}

// SAFETY: it leads to a core and to shards, which may be shared if `T` may be sent.
unsafe impl<T: Send> Send for ReturnTo<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ReturnTo<T> {}

// A panic leaves a pool consistent.
impl<T> UnwindSafe for ReturnTo<T> {}
impl<T> RefUnwindSafe for ReturnTo<T> {}

impl<T> ReturnTo<T> {
    #[inline(always)]
    pub(crate) fn shard(shard: &Shard<T>) -> Self {
        Self { header: NonNull::from(shard).cast(), core: PhantomData }
    }

    pub(crate) fn core_of(core: &Core<T>) -> Self {
        Self { header: NonNull::from(&core.header), core: PhantomData }
    }

    /// # Safety
    ///
    /// The pool is alive.
    #[inline(always)]
    unsafe fn header(&self) -> &ShardHeader {
        // SAFETY: headers live as long as their core.
        unsafe { self.header.as_ref() }
    }

    /// # Safety
    ///
    /// The pool is alive.
    pub(crate) unsafe fn core<'p>(self) -> &'p Core<T> {
        // SAFETY: the caller's promise; the pointer was made of a `Core<T>`.
        unsafe { &*self.header().core.cast() }
    }

    /// Returns the seat of the calling thread, if this is the shard of that seat and an object may
    /// go back into it without any other check.
    ///
    /// # Safety
    ///
    /// The pool is alive.
    #[inline(always)]
    pub(crate) unsafe fn local(self) -> Option<CurrentSeat> {
        let here = CurrentSeat::get();
        // SAFETY: the caller's promise.
        // bug: guard gives back to a shard of another thread
        // bug: spoilt object kept by its own thread
        (unsafe { self.header() }.seat == here.id && !panicking()).then_some(here)
    }

    /// Returns the object of a guard to its pool.
    ///
    /// # Safety
    ///
    /// The pool is alive, and `local` is what [`local`](Self::local) returned on this thread.
    #[inline(always)]
    pub(crate) unsafe fn give_back(self, full: CellBox<T>, local: Option<CurrentSeat>) {
        // Exactly one out-of-line call, which keeps this small enough to be inlined.
        // SAFETY: the caller's promise.
        if local.is_some_and(|here| unsafe { self.keep_local(here, &full) }) {
            std::mem::forget(full);
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.give_back_slow(full) };
        }
    }

    /// Puts the object into the private part of this shard, and returns whether it did. If so, the
    /// caller must forget `full`.
    ///
    /// # Safety
    ///
    /// This is a shard, `here` is its seat and the calling thread's, and the pool is alive.
    #[inline(always)]
    unsafe fn keep_local(self, here: CurrentSeat, full: &CellBox<T>) -> bool {
        // SAFETY: the caller's promise. Seats are never freed.
        let (shard, seat) = unsafe { (self.header.cast::<Shard<T>>().as_ref(), &*here.seat) };
        // SAFETY: the seat is not pinned: pins do not outlive a call of this crate.
        let pin = unsafe { seat.pin_fast() };
        // SAFETY: pinned. The object is forgotten by the caller if it is kept.
        likely(pin.is_some())
            && unsafe { PrivateOwner::new(&shard.private).push_cell(full.as_raw()) }
    }

    /// The slow path of [`give_back`](Self::give_back). Mostly for guards that another thread got,
    /// and for pools with a hook.
    ///
    /// # Safety
    ///
    /// The pool is alive.
    #[inline(never)]
    unsafe fn give_back_slow(self, mut full: CellBox<T>) {
        // SAFETY: the caller's promise.
        let core = unsafe { self.core() };
        // bug: spoilt object kept
        if panicking() {
            return core.drop_counted(full);
        }
        // bug: refused, and kept
        if !core.recycle_ok(full.get_mut()) {
            return;
        }
        // Looks up the seat after the hook, which may have forked, or been the first use of a pool
        // on this thread.
        let here = CurrentSeat::get();
        let own = current().and_then(|seat| core.shard(seat)).map(Self::shard);
        // SAFETY: the shard is that of this thread's seat, and the caller's promise.
        if own.is_some_and(|own| unsafe { own.keep_local(here, &full) }) {
            std::mem::forget(full);
        } else {
            core.put_or_drop(full);
        }
    }
}
