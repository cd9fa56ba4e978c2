//! The handle of a pool's core. The core is allocated at the pool's first use, because a `static`
//! initialiser cannot allocate, and is freed with the pool.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::{self, NonNull},
};

use super::core::Core;
use crate::{
    collect::{fork, registry::Registry},
    seat::{buckets::SEGMENTS, current::CurrentSeat, seat::Seat},
    shard::shard::Shard,
    sync::{Acquire, ProcessPtr, Relaxed, Release},
};

/// A pool's core, or null before the first use, and a cache of the addresses of its segments.
pub(crate) struct CoreHandle<T> {
    core: ProcessPtr<Core<T>>,
    /// The addresses of the core's segments. An entry is null until a thread with a shard in that
    /// segment takes the slow path. The last entry is always null, for threads without a seat. A
    /// hit reads nothing else of a pool.
    segment_cache: [ProcessPtr<Shard<T>>; SEGMENTS + 1],
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
        Self {
            core: ProcessPtr::new(ptr::null_mut()),
            segment_cache: [const { ProcessPtr::new(ptr::null_mut()) }; SEGMENTS + 1],
        }
    }

    /// Returns whether the pool has not been used yet.
    pub(crate) const fn is_unused(&self) -> bool {
        // SAFETY: a plain load, since this may run at compile time. Callers own the pool, which is
        // not shared yet, so no other thread races with it.
        unsafe { (*self.core.as_ptr()).is_null() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Core<T>> {
        // Acquire: pairs with the Release in `init`.
        // SAFETY: the core is freed by our `drop` alone.
        unsafe { self.core.load(Acquire).as_ref() }
    }

    /// Returns the shard of the calling thread, whose seat is `here`, and the seat itself. `None`
    /// if the segment is not cached, or without a seat.
    #[inline(always)]
    pub(crate) fn local_shard(&self, here: CurrentSeat) -> Option<(&Shard<T>, &'static Seat)> {
        const { assert!(size_of::<Shard<T>>() == Shard::BYTES) };
        // SAFETY: `here.segment` is the index of a segment, or that of the last entry if there is
        // no seat.
        let segment = unsafe { self.segment_cache.get_unchecked(here.segment) };
        // Acquire: pairs with the Release in `cache_segment`.
        let segment = NonNull::new(segment.load(Acquire))?;
        // SAFETY: not null, so there is a seat. Its shard is in this segment, which lives as long
        // as the core. Seats are never freed.
        unsafe { Some((segment.byte_add(here.offset).as_ref(), &*here.seat)) }
    }

    /// Caches the address of the seat's segment, if the core has allocated it, so that the next
    /// operation of the seat's thread can be a hit.
    pub(crate) fn cache_segment(&self, core: &Core<T>, seat: &Seat) {
        let (cached, segment) = (&self.segment_cache[seat.segment], core.segment(seat.segment));
        if cached.load(Relaxed).is_null() && !segment.is_null() {
            // Release: pairs with the Acquire in `local_shard`.
            // bug: segment cached without release
            cached.store(segment, Release);
        }
    }
}

impl<T: Send + 'static> CoreHandle<T> {
    /// Makes `new` the pool's core, unless another thread was quicker. Returns the core.
    #[cold]
    pub(crate) fn init(&self, new: Box<Core<T>>) -> &Core<T> {
        fork::watch();
        let mut registry = Registry::lock();
        // bug: two cores of one pool
        if let Some(core) = self.get() {
            return core;
        }
        // May panic, so that it comes before the core is leaked.
        registry.reserve();
        let core = Box::into_raw(new);
        // SAFETY: no other thread has seen it. The core lives until our `drop`, where it leaves the
        // registry first. All pointers to it that are kept are made from `core`.
        unsafe {
            (*core).header.set_owner(core.cast(), None);
            registry.enter(&*core);
        }
        // Release: pairs with the Acquire in `get`.
        self.core.store(core, Release);
        // SAFETY: as above.
        unsafe { &*core }
    }
}

impl<T> Drop for CoreHandle<T> {
    /// Waits for a collect in progress, then frees the core. The idle objects are dropped last,
    /// with nothing held.
    fn drop(&mut self) {
        let core = self.core.load(Relaxed);
        if core.is_null() {
            return;
        }
        // SAFETY: made by `init`, and freed only here. No other thread uses the core, except
        // collectors, which find it in the registry or not at all.
        let mut core = unsafe {
            Registry::lock().leave((*core).entry.load(Relaxed));
            Box::from_raw(core)
        };
        let idle = core.empty();
        drop(core);
        drop(idle);
    }
}
