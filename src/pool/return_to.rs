//! Where the object of a guard goes back to.
//!
//! A guard points to the pool's core. The thread that drops the guard reads the pool's index there,
//! finds its own shard at that index, as a hit does, and stores the object in it. In a pool with a
//! hook the core has no such index, so that the slow path is taken, which calls the hook.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    thread::panicking,
};

use super::{core::Core, end::Loan, handle::LocalShard};
use crate::{
    chaos_mode,
    containers::cell::CellBox,
    seat::current::CurrentSeat,
    shard::{drops::Reason, private::PrivateOwner},
    sync::Relaxed,
    util::likely::likely,
};

/// Where a guard returns its object: to the pool with this core.
pub(crate) struct ReturnTo<T>(NonNull<Core<T>>);

impl<T> Clone for ReturnTo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ReturnTo<T> {}

// SAFETY: it leads to a core, which may be shared if `T` may be sent.
unsafe impl<T: Send> Send for ReturnTo<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ReturnTo<T> {}

// A panic leaves a pool consistent.
impl<T> UnwindSafe for ReturnTo<T> {}
impl<T> RefUnwindSafe for ReturnTo<T> {}

impl<T> ReturnTo<T> {
    #[inline(always)]
    pub(crate) fn core_of(core: NonNull<Core<T>>) -> Self {
        Self(core)
    }

    /// # Safety
    ///
    /// The pool is alive.
    #[inline(always)]
    pub(crate) unsafe fn core<'p>(self) -> &'p Core<T> {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ref() }
    }

    /// Returns the object of a guard to its pool. `local` is the seat of the calling thread, or
    /// `None` if it is panicking. `OWNED` says whether the guard is an owned one, whose loan ends.
    ///
    /// # Safety
    ///
    /// The pool is alive, or the guard is an owned one.
    #[inline(always)]
    pub(crate) unsafe fn give_back<const OWNED: bool>(
        self,
        full: CellBox<T>,
        local: Option<CurrentSeat>,
    ) {
        // Exactly one out-of-line call, which keeps this small enough to be inlined.
        // SAFETY: the caller's promise.
        if local.is_some_and(|here| unsafe { self.keep_local::<OWNED>(here, &full) }) {
            std::mem::forget(full);
        } else if OWNED {
            // SAFETY: the caller's promise.
            unsafe { self.give_back_loan(full) };
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.give_back_slow(full) };
        }
    }

    /// Puts the object into the private part of the calling thread's shard, and returns whether it
    /// did. If so, the caller must forget `full`, and the loan has ended if the guard is `OWNED`.
    ///
    /// # Safety
    ///
    /// `here` is the calling thread's seat. Otherwise as for [`give_back`](Self::give_back).
    #[inline(always)]
    pub(crate) unsafe fn keep_local<const OWNED: bool>(
        self,
        here: CurrentSeat,
        full: &CellBox<T>,
    ) -> bool {
        // bug: object kept by its own thread in chaos mode
        if chaos_mode::may_be_on() {
            return false;
        }
        // SAFETY: the caller's promise. The seat is not pinned: pins do not outlive a call of this
        // crate.
        let local: Option<LocalShard<'_, T>> = unsafe {
            let index = self.core().return_index.load(Relaxed);
            LocalShard::pin(here, index)
        };
        // The object is forgotten by the caller if it is kept.
        let keep = |local: LocalShard<'_, T>| {
            let kept = local.private().push_cell(full.as_raw());
            if OWNED && kept {
                // bug: loan not ended by a hit
                local.shard.add_loans(1_usize.wrapping_neg());
            }
            kept
        };
        likely(local.is_some()) && local.is_some_and(keep)
    }

    /// The slow path of [`give_back`](Self::give_back). Mostly for the first return to a pool by a
    /// thread, and for pools with a hook.
    ///
    /// # Safety
    ///
    /// As for `give_back`.
    #[inline(never)]
    unsafe fn give_back_slow(self, mut full: CellBox<T>) {
        // SAFETY: the caller's promise.
        let core = unsafe { self.core() };
        if let Some(on) = chaos_mode::on() {
            return core.give_back_in_chaos(on, full);
        }
        // bug: spoilt object kept
        if panicking() {
            return core.drop_counted(full, Reason::Panicking);
        }
        // bug: refused object kept
        if !core.recycle_ok(full.get_mut()) {
            return;
        }
        if core.weight_limit.is_some() {
            return Self::give_back_weighed(core, full);
        }
        // Looks up the seat after the hook, which may have forked, or been the first use of a pool
        // on this thread.
        // SAFETY: this is the calling thread's seat, which is not pinned.
        let local = unsafe { LocalShard::<T>::pin(CurrentSeat::get(), core.index()) };
        if local.is_some_and(|local| local.private().push_cell(full.as_raw())) {
            std::mem::forget(full);
        } else {
            Self::give_back_beyond(core, full);
        }
    }

    /// The rest of the slow path in a pool that does not weigh. Where the fences are symmetric, this does
    /// what would be a hit elsewhere.
    #[inline(never)]
    fn give_back_beyond(core: &Core<T>, full: CellBox<T>) {
        // SAFETY: this is the calling thread's seat, which is not pinned.
        let local = unsafe { LocalShard::<T>::pin_fenced(CurrentSeat::get(), core.index()) };
        if local.is_some_and(|local| local.private().push_cell(full.as_raw())) {
            std::mem::forget(full);
        } else {
            core.put_or_drop(full, 0);
        }
    }

    /// The rest of the slow path in a pool that weighs.
    #[inline(never)]
    fn give_back_weighed(core: &Core<T>, full: CellBox<T>) {
        let weight = core.weigh(full.get());
        // The seat is looked up after weighing, as after the hook.
        // SAFETY: this is the calling thread's seat, which is not pinned.
        let local = unsafe { LocalShard::<T>::pin(CurrentSeat::get(), core.index()) };
        if local.is_some_and(|local| local.private().push_weighed(full.as_raw(), weight)) {
            std::mem::forget(full);
        } else {
            Self::give_back_behind_slot(core, full, weight);
        }
    }

    /// The rest of the slow path in a pool that weighs, for objects that the slot does not take.
    #[inline(never)]
    fn give_back_behind_slot(core: &Core<T>, full: CellBox<T>, weight: usize) {
        // SAFETY: this is the calling thread's seat, which is not pinned.
        let local = unsafe { LocalShard::<T>::pin(CurrentSeat::get(), core.index()) };
        if local.is_some_and(|local| local.private().push_top_weighed(full.as_raw(), weight)) {
            std::mem::forget(full);
        } else {
            Self::give_back_weighed_beyond(core, full, weight);
        }
    }

    /// The rest of the slow path in a pool that weighs. Where the fences are symmetric, this does what the
    /// two before it do elsewhere.
    #[inline(never)]
    fn give_back_weighed_beyond(core: &Core<T>, full: CellBox<T>, weight: usize) {
        // SAFETY: this is the calling thread's seat, which is not pinned.
        let local = unsafe { LocalShard::<T>::pin_fenced(CurrentSeat::get(), core.index()) };
        let keep = |private: PrivateOwner<'_, T>, cell| {
            private.push_weighed(cell, weight) || private.push_top_weighed(cell, weight)
        };
        if local.is_some_and(|local| keep(local.private(), full.as_raw())) {
            std::mem::forget(full);
        } else {
            core.put_or_drop(full, weight);
        }
    }

    /// The slow path of [`give_back`](Self::give_back) for owned guards.
    ///
    /// # Safety
    ///
    /// The guard is an owned one, and its loan is ended by this alone.
    #[inline(never)]
    unsafe fn give_back_loan(self, full: CellBox<T>) {
        // SAFETY: the caller's promise. The loan ends after the object is back.
        let _loan = unsafe { Loan::new(self.0) };
        // SAFETY: the loan keeps the core alive.
        let core = unsafe { self.core() };
        if core.has_ended() {
            return drop(core.chaos.returned(full));
        }
        // SAFETY: as above.
        unsafe { self.give_back_slow(full) };
    }

    /// Returns the loan of an owned guard.
    ///
    /// # Safety
    ///
    /// As for [`Loan::new`].
    pub(crate) unsafe fn loan(self) -> Loan<T> {
        // SAFETY: the caller's promise.
        unsafe { Loan::new(self.0) }
    }
}

/// Returns the seat of the calling thread, for [`ReturnTo::give_back`], unless the thread is
/// panicking: then the object must be dropped.
#[inline(always)]
pub(crate) fn seat_unless_panicking() -> Option<CurrentSeat> {
    // bug: spoilt object kept by its own thread
    (!panicking()).then(CurrentSeat::get)
}
