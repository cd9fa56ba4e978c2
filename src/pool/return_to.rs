//! Where the object of a guard goes back to.
//!
//! A guard points to the shard of the thread that got it. Usually the thread that drops the guard
//! holds the seat of that shard. Then one comparison shows it, and the object goes straight into
//! the shard. Otherwise the shard's header leads to the pool's core, which stores the object.

use std::{
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    thread::panicking,
};

use super::core::Core;
use crate::{
    containers::cell::CellBox,
    seat::current::{CurrentSeat, current},
    shard::{header::ShardHeader, private::PrivateOwner, shard::Shard},
    util::likely::likely,
};

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
        // bug: guard returns to a shard of another thread
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
        // bug: refused object kept
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
