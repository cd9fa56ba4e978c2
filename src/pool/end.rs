//! The loans of a pool: its owned guards, which may outlive it.
//!
//! No guard counts on a shared counter. Each shard counts the owned guards that its owner gets and
//! drops, with plain stores; so a shard's count alone means nothing, and may be negative. Threads that
//! cannot use their shards count in the core. When a pool ends, it claims all seats, adds the counts
//! up, and marks the sum. From then on no shard of the pool exists, and each guard that is
//! dropped subtracts its loan from the sum. The last one frees the core, and the shards with it: until
//! then a thread that drops a guard may be looking for units in the shards of other threads.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
};

use super::{
    core::Core,
    handle::LocalShard,
    loans::{ENDED, LOAN},
};
use crate::{
    collect::registry::Registry,
    containers::cell::List,
    seat::{
        claim::Claim,
        current::{CurrentSeat, current},
        seat::Seat,
    },
    sync::{AcqRel, Acquire, Relaxed},
};

impl<T> Core<T> {
    /// Counts an owned guard that the calling thread has got.
    pub(crate) fn lend(&self, seat: Option<&Seat>) {
        // Relaxed: the end of the pool comes after this call.
        self.loans.any.store(true, Relaxed);
        let lent = self.with_own(seat, |shard| {
            shard.lends.store(true, Relaxed);
            shard.add_loans(1);
        });
        if lent.is_none() {
            self.add_loans(1);
        }
    }

    /// Adds loans to the sum, which were counted in a shard, or are not counted yet.
    pub(crate) fn add_loans(&self, loans: usize) {
        self.loans.sum.fetch_add(loans.wrapping_mul(LOAN), Relaxed);
    }

    /// Returns whether the pool has ended, and only owned guards are left. Called pinned, it is exact
    /// as long as the pin lasts.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.loans.sum.load(Relaxed) & ENDED != 0
    }

    /// Ends a pool that has lent objects in owned guards: removes its shards, and moves the idle
    /// objects to `gone`. Returns whether the caller must free the core, because no guard is left. If
    /// not, the last guard frees it.
    ///
    /// A seat may stay out of reach: its thread is stopped inside a pin, or a sandbox refuses the
    /// fence. Then the pool does not end. It stays in the registry, and collects drop the objects that
    /// the seat's shard has.
    ///
    /// # Safety
    ///
    /// The `Pool` is being dropped. The caller holds the lock of `registry`.
    pub(crate) unsafe fn end_shared(&self, registry: &mut Registry, gone: &mut List<T>) -> bool {
        // SAFETY: the registry's lock makes this the only claim. Threads cannot join meanwhile, so no
        // shard is added.
        let claim = unsafe { Claim::new(&self.seats, false) };
        let mut loans = 0_usize;
        let all = claim.visit_patiently(&mut |seat| {
            // bug: end of a pool overlooks a shard
            if let Some(shard) = self.take_shard(seat) {
                // SAFETY: the seat is claimed.
                unsafe { shard.owner() }.empty(&self.quota, gone);
                // bug: loans of a shard lost at the end
                loans = loans.wrapping_add(shard.loans());
                // bug: counts of a pool with loans lost
                self.keep_counts(&shard);
                // Freed with the core: threads that drop guards may be reading it.
                // bug: shard freed while guards are left
                self.keep_removed(shard);
            }
        });
        self.shelf.age();
        self.shelf.take_aged(gone);
        if !all {
            self.add_loans(loans);
            self.min_idle.store(0, Relaxed);
            // A collect frees the shards.
            self.seats.end_removals();
            return false;
        }
        registry.detach(self.index());
        let more = loans.wrapping_mul(LOAN) + ENDED;
        // Acquire: pairs with the Release of `end_loan`. The guard that frees the core locks the registry,
        // and so sees what was done here. Before the gates open, so that a thread that pins from then
        // on sees it.
        // bug: pool ends after its gates are open; end does not see the last guard
        let before = self.loans.sum.fetch_add(more, Acquire);
        drop(claim);
        before.wrapping_add(more) == ENDED
    }

    /// Returns whether owned guards may exist, so that the end of the pool is not the end of its uses.
    pub(crate) fn may_have_loans(&self) -> bool {
        self.loans.any.load(Relaxed)
    }

    /// Frees the core of a pool that has ended, and drops what is left in it.
    ///
    /// # Safety
    ///
    /// The core is in no `CoreHandle`, and no guard is left. It is freed once.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn free_ended(core: NonNull<Self>) {
        // SAFETY: the caller's promise; it came from a `Box`.
        let mut core = unsafe { Box::from_raw(core.as_ptr()) };
        let idle = {
            let mut registry = Registry::lock();
            let idle = core.end();
            registry.free_index(core.index());
            idle
        };
        drop(core);
        drop(idle);
    }

    /// Ends the loan of an owned guard whose object is back. `seat` is the calling thread's.
    ///
    /// # Safety
    ///
    /// The loan exists, and ends once. The caller does not use the core afterwards.
    #[inline(never)]
    pub(crate) unsafe fn end_loan(core: NonNull<Self>, seat: Option<&Seat>) {
        // SAFETY: the core is not freed before the loan ends.
        let this = unsafe { core.as_ref() };
        // A shard is found only before the end of the pool, which counts it.
        // bug: loan ended twice
        if this.with_own(seat, |shard| shard.add_loans(1_usize.wrapping_neg())).is_some() {
            return;
        }
        // Release: pairs with the Acquire of the thread that frees the core, here or in `end_shared`.
        // Acquire: pairs with the Release of all earlier ends, if this thread frees the core.
        // bug: loan ends without release; last guard does not see the others
        let before = this.loans.sum.fetch_sub(LOAN, AcqRel);
        // bug: core freed before the last guard
        if before == LOAN + ENDED {
            // SAFETY: this was the last loan, and the pool has ended.
            unsafe { Self::free_ended(core) };
        }
    }
}

/// The loan of an owned guard. It ends when this is dropped, after the guard's object is back.
pub(crate) struct Loan<T>(NonNull<Core<T>>);

// SAFETY: it leads to a core, which may be shared if `T` may be sent. A loan may end on any thread.
unsafe impl<T: Send> Send for Loan<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Loan<T> {}

// A panic leaves a pool consistent.
impl<T> UnwindSafe for Loan<T> {}
impl<T> RefUnwindSafe for Loan<T> {}

impl<T> Loan<T> {
    /// # Safety
    ///
    /// There is a loan, which is ended by this alone.
    pub(crate) unsafe fn new(core: NonNull<Core<T>>) -> Self {
        Self(core)
    }
}

impl<T> Drop for Loan<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the loan keeps the core alive. The seat is not pinned: pins do not outlive a call of
        // this crate.
        let local = unsafe { LocalShard::<T>::pin(CurrentSeat::get(), self.0.as_ref().index()) };
        let counted = |local: LocalShard<'_, T>| {
            let lends = local.lends();
            if lends {
                // bug: loan not ended in the shard
                local.shard.add_loans(1_usize.wrapping_neg());
            }
            lends
        };
        if !local.is_some_and(counted) {
            // SAFETY: the promise of `new`.
            unsafe { Core::end_loan(self.0, current()) };
        }
    }
}
