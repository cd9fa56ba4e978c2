//! The core of a pool comes at its first use: a `static` is made by the compiler, which has no heap.
//! It goes with the pool.

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

/// The core of a pool, or the place for one.
pub(crate) struct CoreHandle<T> {
    core: ProcessPtr<Core<T>>,
    /// The core's segments, as far as a thread with a shard there has come the long way, and behind
    /// them one that is never there. All that a hit reads of a pool.
    segment_cache: [ProcessPtr<Shard<T>>; SEGMENTS + 1],
}

// SAFETY: the core is owned, and may be sent if `T` may.
// bug: pool sent whatever its objects
unsafe impl<T: Send> Send for CoreHandle<T> {}
// SAFETY: the core may be shared if `T` may be sent.
// bug: pool shared whatever its objects
unsafe impl<T: Send> Sync for CoreHandle<T> {}

// What a panic leaves half done is not given back by its guard.
impl<T> UnwindSafe for CoreHandle<T> {}
impl<T> RefUnwindSafe for CoreHandle<T> {}

impl<T> CoreHandle<T> {
    pub(crate) const fn new() -> Self {
        Self {
            core: ProcessPtr::new(ptr::null_mut()),
            segment_cache: [const { ProcessPtr::new(ptr::null_mut()) }; SEGMENTS + 1],
        }
    }

    /// Whether the pool has not been used yet.
    pub(crate) const fn is_unused(&self) -> bool {
        // SAFETY: a load that may happen at compile time. A pool that is not shared yet has no other
        // thread to race with: callers own it.
        unsafe { (*self.core.as_ptr()).is_null() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Core<T>> {
        // Acquire: pairs with the Release in `init`.
        // SAFETY: the core is freed by our `drop` alone.
        unsafe { self.core.load(Acquire).as_ref() }
    }

    /// The shard of this thread, and its seat.
    #[inline(always)]
    pub(crate) fn local_shard(&self, here: CurrentSeat) -> Option<(&Shard<T>, &'static Seat)> {
        const { assert!(size_of::<Shard<T>>() == Shard::BYTES) };
        // SAFETY: the segments of seats, and the one for want of a seat.
        let segment = unsafe { self.segment_cache.get_unchecked(here.segment) };
        // Acquire: pairs with the Release in `cache_segment`.
        let segment = NonNull::new(segment.load(Acquire))?;
        // SAFETY: so there is a seat, whose shard is in this segment, which lives as long as the
        // core. Seats are never freed.
        unsafe { Some((segment.byte_add(here.offset).as_ref(), &*here.seat)) }
    }

    /// Lets the next hit of this seat find its shard, if it has been made.
    pub(crate) fn cache_segment(&self, core: &Core<T>, seat: &Seat) {
        let (cached, segment) = (&self.segment_cache[seat.segment], core.segment(seat.segment));
        if cached.load(Relaxed).is_null() && !segment.is_null() {
            // Release: pairs with the Acquire in `local_shard`.
            // bug: segment brought near without release
            cached.store(segment, Release);
        }
    }
}

impl<T: Send + 'static> CoreHandle<T> {
    /// The core, which is `new` if nobody was quicker.
    #[cold]
    pub(crate) fn init(&self, new: Box<Core<T>>) -> &Core<T> {
        fork::watch();
        let mut registry = Registry::lock();
        // bug: two cores of one pool
        if let Some(core) = self.get() {
            return core;
        }
        // SAFETY: the core lives until our `drop`, where it leaves the registry first.
        unsafe { registry.enter(&*new) };
        let core = Box::into_raw(new);
        // SAFETY: nobody else has seen it.
        unsafe { (*core).header.set_owner(core.cast(), None) };
        // Release: pairs with the Acquire in `get`.
        self.core.store(core, Release);
        // SAFETY: as above.
        unsafe { &*core }
    }
}

impl<T> Drop for CoreHandle<T> {
    /// Waits for a collect in flight, then drops what is idle: last of all, with nothing held.
    fn drop(&mut self) {
        let core = self.core.load(Relaxed);
        if core.is_null() {
            return;
        }
        // SAFETY: made by `init`, freed here alone, and nobody else is here but collectors, who
        // find it in the registry or not at all.
        let mut core = unsafe {
            Registry::lock().leave((*core).entry.load(Relaxed));
            Box::from_raw(core)
        };
        let idle = core.empty();
        drop(core);
        drop(idle);
    }
}
