//! Where a guard's object came from, and its ways back.
//!
//! A guard knows the shard of the thread that got it. If it is dropped by the thread that holds that
//! shard's seat then, which is so in most cases, the object goes there: that takes one comparison.
//! Else the shard leads to the pool's core.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    thread::panicking,
};

use crate::{
    cell::Full,
    collect,
    core::Core,
    due,
    hint::likely,
    seat::{self, Here, Seat},
    shard::Shard,
};

/// The head of every shard, and of a core for threads that have none.
#[repr(C)]
pub(crate) struct Home<T> {
    /// The seat whose holder may put objects here as they are.
    seat: usize,
    core: *const Core<T>,
}

impl<T> Home<T> {
    /// Nobody's.
    pub(crate) const fn new() -> Self {
        Self { seat: usize::MAX - 1, core: std::ptr::null() }
    }

    /// Of a shard: `seat` is that of its owner, unless the pool has a hook that must see all objects.
    pub(crate) fn belong(&mut self, core: &Core<T>, seat: Option<usize>) {
        *self = Self { core, ..Self::new() };
        if let Some(seat) = seat {
            self.seat = seat;
        }
    }
}

/// A pointer to a [`Home`], and if that is one of a shard then to all of it.
pub(crate) struct Origin<T>(NonNull<Home<T>>);

impl<T> Clone for Origin<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Origin<T> {}

// SAFETY: leads to a core and to shards, which may be shared if `T` may be sent.
unsafe impl<T: Send> Send for Origin<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Origin<T> {}

// As a pool, which a panic leaves whole.
impl<T> UnwindSafe for Origin<T> {}
impl<T> RefUnwindSafe for Origin<T> {}

impl<T> Origin<T> {
    #[inline(always)]
    pub(crate) fn of_shard(shard: &Shard<T>) -> Self {
        Self(NonNull::from(shard).cast())
    }

    pub(crate) fn of_core(core: &Core<T>) -> Self {
        Self(NonNull::from(&core.home))
    }

    /// # Safety
    ///
    /// The pool lives.
    #[inline(always)]
    unsafe fn home(&self) -> &Home<T> {
        // SAFETY: homes live as long as their core.
        unsafe { self.0.as_ref() }
    }

    /// # Safety
    ///
    /// The pool lives.
    pub(crate) unsafe fn core<'p>(self) -> &'p Core<T> {
        // SAFETY: the caller's promise.
        unsafe { &*self.home().core }
    }

    /// The thread, if an object that comes back now may go straight to its shard, which is this one.
    ///
    /// # Safety
    ///
    /// The pool lives.
    #[inline(always)]
    pub(crate) unsafe fn near(self) -> Option<Here> {
        let here = seat::here();
        // SAFETY: the caller's promise.
        // bug: guard gives back where it comes from, whoever drops it
        // bug: spoilt object kept by its own thread
        (unsafe { self.home() }.seat == here.id && !panicking()).then_some(here)
    }

    /// A guard's object comes back.
    ///
    /// # Safety
    ///
    /// The pool lives, and `near` is what `self.near()` says.
    #[inline(always)]
    pub(crate) unsafe fn give_back(self, full: Full<T>, near: Option<Here>) {
        // One call and no more, so that the whole is small enough for the compiler to copy.
        // SAFETY: the caller's promise.
        if near.is_some_and(|here| unsafe { self.keep_near(here, &full) }) {
            std::mem::forget(full);
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.give_back_far(full) };
        }
    }

    /// Whether the object is in the own shard now.
    ///
    /// # Safety
    ///
    /// This is a shard's, whose seat is `here`, and the pool lives.
    #[inline(always)]
    unsafe fn keep_near(self, here: Here, full: &Full<T>) -> bool {
        // SAFETY: the caller's promise. Seats are never freed, and this one is the thread's own.
        let (shard, seat) = unsafe { (self.0.cast::<Shard<T>>().as_ref(), &*here.seat) };
        // SAFETY: the seat is not pinned: pins do not outlive a call of this crate.
        let pin = unsafe { seat.pin_fast() };
        // SAFETY: pinned. The object is forgotten by the caller if it is kept.
        likely(pin.is_some()) && unsafe { shard.owner().push_cell(full.as_raw()) }
    }

    /// Mostly of a guard that another thread has got, or of a pool with a hook.
    #[inline(never)]
    unsafe fn give_back_far(self, mut full: Full<T>) {
        // SAFETY: the caller's promise.
        let core = unsafe { self.core() };
        // bug: spoilt object kept
        if panicking() {
            return discard(core, full);
        }
        // bug: refused, and kept
        if !accepts(core, full.get_mut()) {
            return;
        }
        // Who the thread is, only after the hook: that may have forked, or been the thread's first use of a pool.
        let here = seat::here();
        let own = seat::current().and_then(|seat| core.shard(seat)).map(Self::of_shard);
        // SAFETY: the shard is that of this thread's seat, and the caller's promise.
        if own.is_some_and(|own| unsafe { own.keep_near(here, &full) }) {
            std::mem::forget(full);
        } else {
            keep(core, full);
        }
    }
}

/// Whether `recycle` lets an object stay. One that may not is counted, and dropped by the caller.
#[inline]
pub(crate) fn accepts<T>(core: &Core<T>, object: &mut T) -> bool {
    core.recycle.is_none_or(|recycle| {
        let counted = Counted(core);
        let accepted = recycle(object);
        // bug: refused, and not counted
        if accepted {
            std::mem::forget(counted);
        }
        accepted
    })
}

/// Keeps an object, or drops it.
pub(crate) fn keep<T>(core: &Core<T>, full: Full<T>) {
    let kept = if admits(core, &full) {
        core.put(ready(), full).inspect_err(|full| leaves(core, full))
    } else {
        Err(full)
    };
    if let Err(full) = kept {
        discard(core, full);
    }
    due::look();
}

/// Whether an object is not too heavy to be kept.
#[inline]
pub(crate) fn admits<T>(core: &Core<T>, full: &Full<T>) -> bool {
    core.scale.as_ref().is_none_or(|scale| {
        // In a panic the caller drops the object.
        let counted = Counted(core);
        let admitted = scale.admit(full);
        std::mem::forget(counted);
        admitted
    })
}

/// An object leaves, or was not kept.
#[inline]
pub(crate) fn leaves<T>(core: &Core<T>, full: &Full<T>) {
    if let Some(scale) = &core.scale {
        let counted = Counted(core);
        scale.release(full);
        std::mem::forget(counted);
    }
}

/// Drops an object.
#[cold]
#[inline(never)]
pub(crate) fn discard<T>(core: &Core<T>, full: Full<T>) {
    let _counted = Counted(core);
    drop(full);
}

/// Takes the value out.
pub(crate) fn open<T>(core: &Core<T>, full: Full<T>) -> T {
    let (value, empty) = full.empty();
    core.push_empty(seat::current(), empty);
    value
}

/// This thread's seat, ready for the long way.
pub(crate) fn ready() -> Option<&'static Seat> {
    let seat = seat::current_or_join()?;
    if seat.is_late() {
        collect::catch_up(seat);
    }
    Some(seat)
}

/// Counts an object as dropped, when it is and whatever comes of that.
pub(crate) struct Counted<'a, T>(pub(crate) &'a Core<T>);

impl<T> Drop for Counted<'_, T> {
    fn drop(&mut self) {
        self.0.dropped.add(1);
    }
}
