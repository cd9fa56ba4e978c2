//! The handle of a pool's core. The core is allocated at the pool's first use, because a `static`
//! initialiser cannot allocate, and is freed with the pool.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::{self, NonNull},
};

use super::core::{Core, NO_INDEX};
use crate::{
    collect::registry::Registry,
    containers::cell::List,
    seat::{current::CurrentSeat, seat::Pin},
    shard::{
        lookup::{self, NOBODY},
        private::PrivateOwner,
        shard::Shard,
    },
    sync::{Acquire, ProcessPtr, ProcessUsize, Relaxed, Release},
};

/// A pool's core, or null before the first use, and the pool's index.
pub(crate) struct CoreHandle<T> {
    /// The index of the pool in the tables of seats, or [`NO_INDEX`] before the first use. A hit
    /// reads nothing else of a pool.
    index: ProcessUsize,
    core: ProcessPtr<Core<T>>,
}

// SAFETY: the core is owned, and may be sent if `T` may.
// bug: pool sent whatever its objects
unsafe impl<T: Send> Send for CoreHandle<T> {}
// SAFETY: the core may be shared if `T` may be sent.
// bug: pool shared whatever its objects
unsafe impl<T: Send> Sync for CoreHandle<T> {}

// Unwind-safe: a guard that is dropped by a panic does not return its object.
impl<T> UnwindSafe for CoreHandle<T> {}
impl<T> RefUnwindSafe for CoreHandle<T> {}

impl<T> CoreHandle<T> {
    pub(crate) const fn new() -> Self {
        Self { index: ProcessUsize::new(NO_INDEX), core: ProcessPtr::new(ptr::null_mut()) }
    }

    /// Returns whether the pool has not been used yet.
    pub(crate) const fn is_unused(&self) -> bool {
        // SAFETY: a plain load, since this may run at compile time. Callers own the pool, which is
        // not shared yet, so no other thread races with it.
        unsafe { (*self.core.as_ptr()).is_null() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Core<T>> {
        // Acquire: pairs with the Release in `try_init`.
        // SAFETY: the core is freed by our `drop` alone.
        unsafe { self.core.load(Acquire).as_ref() }
    }

    /// Returns the core of a pool that has been used.
    ///
    /// # Safety
    ///
    /// The calling thread has found a shard of the pool, or seen its core.
    #[inline(always)]
    pub(crate) unsafe fn used(&self) -> NonNull<Core<T>> {
        // Relaxed: what made the shard visible to this thread made the core visible.
        // SAFETY: the caller's promise.
        unsafe { NonNull::new_unchecked(self.core.load(Relaxed)) }
    }

    /// Pins the seat of the calling thread, `here`, and finds its shard for a hit. Returns `None` if
    /// the thread has no entry for the pool, or if a collector has claimed the seat.
    ///
    /// # Safety
    ///
    /// As for [`CurrentSeat::pin_fast`].
    #[inline(always)]
    pub(crate) unsafe fn pin_local<'a>(&self, here: CurrentSeat) -> Option<LocalShard<'a, T>> {
        // Acquire: pairs with the Release in `try_init`, for the entries at this index: the shards of an
        // earlier pool with the same index were removed before.
        let index = self.index.load(Acquire);
        // SAFETY: the caller's promise.
        unsafe { LocalShard::pin(here, index) }
    }
}

impl<T> CoreHandle<T> {
    /// As [`pin_local`](Self::pin_local), where the fences are symmetric: see
    /// [`LocalShard::pin_fenced`].
    ///
    /// # Safety
    ///
    /// As for `pin_local`.
    #[inline]
    pub(crate) unsafe fn pin_fenced<'a>(&self, here: CurrentSeat) -> Option<LocalShard<'a, T>> {
        // Acquire: as in `pin_local`.
        let index = self.index.load(Acquire);
        // SAFETY: the caller's promise.
        unsafe { LocalShard::pin_fenced(here, index) }
    }
}

/// The shard of the calling thread, or `NOBODY`, pinned. While this exists, no user code may run,
/// and nothing may pin.
pub(crate) struct LocalShard<'a, T> {
    pub(crate) shard: &'a Shard<T>,
    _pin: Pin<'a>,
}

impl<'a, T> LocalShard<'a, T> {
    /// Pins the seat of the calling thread, `here`, and finds the shard at `index`.
    ///
    /// # Safety
    ///
    /// As for [`CurrentSeat::pin_fast`], and the pool at the index has objects of type `T`.
    #[inline(always)]
    pub(crate) unsafe fn pin(here: CurrentSeat, index: usize) -> Option<Self> {
        // SAFETY: the caller's promise. The table and the entry are read after the pin, so a
        // collector that removes the shard either waits for the pin, or has removed it before.
        // bug: shard looked up before the pin
        unsafe {
            let (seat, pin) = here.pin_fast()?;
            Some(Self { shard: lookup::for_hit(seat, index)?, _pin: pin })
        }
    }

    /// As [`pin`](Self::pin), where the fences are symmetric: what would be a hit elsewhere calls the slow
    /// path, which begins with this. Returns `None` where they are not.
    ///
    /// # Safety
    ///
    /// As for `pin`.
    #[inline]
    pub(crate) unsafe fn pin_fenced(here: CurrentSeat, index: usize) -> Option<Self> {
        // SAFETY: as in `pin`.
        unsafe {
            let (seat, pin) = here.pin_fenced()?;
            Some(Self { shard: lookup::for_hit(seat, index)?, _pin: pin })
        }
    }

    /// Returns whether the shard is not [`NOBODY`].
    pub(crate) fn exists(&self) -> bool {
        !ptr::eq(ptr::from_ref(self.shard).cast(), NOBODY)
    }

    /// Returns whether the hit path may lend objects in owned guards: the slow path has done so.
    #[inline(always)]
    pub(crate) fn lends(&self) -> bool {
        self.shard.lends.load(Relaxed)
    }

    #[inline(always)]
    pub(crate) fn private(&self) -> PrivateOwner<'_, T> {
        // SAFETY: pinned.
        unsafe { PrivateOwner::new(&self.shard.private) }
    }
}

impl<T: Send> CoreHandle<T> {
    /// Makes `new` the pool's core, after a call of `complete` on it, unless another thread was quicker.
    /// Returns the core. `None` if there is no memory, or if `complete` returns `None`.
    #[cold]
    pub(crate) fn try_init(
        &self,
        mut new: Box<Core<T>>,
        complete: impl FnOnce(&mut Core<T>) -> Option<()>,
    ) -> Option<&Core<T>> {
        let mut registry = Registry::lock();
        // bug: two cores of one pool
        if let Some(core) = self.get() {
            return Some(core);
        }
        // May fail, so that it comes before the core is leaked.
        registry.try_reserve()?;
        complete(&mut new)?;
        let core = Box::into_raw(new);
        // SAFETY: no other thread has seen it. The core lives until our `drop`, where it leaves the
        // registry first. All pointers to it that are kept are made from `core`. Collects reach it only
        // if `T` is `'static`.
        let index = unsafe { registry.enter(&*core) };
        // Release: pairs with the Acquire in `get`.
        self.core.store(core, Release);
        // Release: pairs with the Acquire in `pin_local`. After the core, so that a thread that
        // sees the index sees the core.
        // bug: index published without release
        self.index.store(index, Release);
        // SAFETY: as above.
        Some(unsafe { &*core })
    }
}

impl<T> Drop for CoreHandle<T> {
    /// Waits for a collect in progress, then frees the shards, and the core unless an owned guard is
    /// left. The idle objects are dropped last, with nothing held.
    fn drop(&mut self) {
        let Some(core) = NonNull::new(self.core.load(Relaxed)) else { return };
        // SAFETY: made by `try_init`. It is freed here, unless owned guards are left.
        let shared = unsafe { core.as_ref() };
        if shared.may_have_loans() {
            // Not under the lock, which others need to put objects.
            shared.seats.fence_kind().register();
        }
        let (mut registry, mut idle) = (Registry::lock(), List::new());
        if shared.may_have_loans() {
            // SAFETY: the pool is being dropped, and the registry is locked.
            let last = unsafe { shared.end_shared(&mut registry, &mut idle) };
            drop(registry);
            if last {
                // SAFETY: the pool has ended, and no guard is left.
                unsafe { Core::free_ended(core) };
            }
        } else {
            // bug: index free before its entries are
            registry.leave(shared.index());
            // SAFETY: made by `try_init`, and freed only here. No other thread uses the core, except
            // collectors, which find it in the registry or not at all.
            let mut core = unsafe { Box::from_raw(core.as_ptr()) };
            idle = core.end();
            drop(registry);
            drop(core);
        }
        drop(idle);
    }
}
