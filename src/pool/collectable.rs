//! A pool's part in a collect, in the exit of a thread and in a fork.
//!
//! Nothing is dropped here. Objects that must be dropped are returned as [`Pending`], and callers
//! drop them when nothing is claimed, pinned or locked.

use super::core::Core;
use crate::{
    collect::{
        collectable::Collectable,
        pending::{ErasedPending, Pending},
    },
    containers::cell::List,
    seat::claim::AbandonedSeat,
    shard::{owner::Owner, shard::Shard},
    sync::Relaxed,
};

impl<T: Send + 'static> Collectable for Core<T> {
    fn set_entry(&self, entry: usize) {
        self.entry.store(entry, Relaxed);
    }

    unsafe fn drain(&self) {
        self.with_pending(|pending| {
            let before = pending.objects.len();
            for shard in self.shards() {
                // SAFETY: the caller holds the lock.
                unsafe { shard.drain_victims(&mut pending.objects) };
            }
            self.shelf.take_aged(&mut pending.objects);
            self.forget(pending.objects.len() - before);
        });
    }

    unsafe fn flip(&self, seats: &mut dyn Iterator<Item = usize>) {
        self.with_pending(|pending| {
            let before = pending.objects.len();
            let generation = self.generation.load(Relaxed).wrapping_add(1);
            self.generation.store(generation, Relaxed);
            // bug: flip without a claim
            for seat in seats {
                // SAFETY: the caller has claimed the seat and holds the lock.
                unsafe { self.age_shard(seat, pending) };
            }
            // bug: shelf does not age
            self.shelf.age();
            self.forget(pending.objects.len() - before);
        });
    }

    unsafe fn take_pending(&self) -> Option<ErasedPending> {
        self.with_pending(|pending| std::mem::replace(pending, Pending::new()))
            .erase(self.weight_limit.as_ref())
    }

    unsafe fn catch_up(&self, seat: usize) {
        self.with_pending(|pending| {
            let mut late = Pending::new();
            // SAFETY: the caller holds the seat, is not pinned, and no collector is at work.
            unsafe { self.age_shard(seat, &mut late) };
            // The caller may be in the middle of a `get`, so these are not dropped here: the next
            // collect does that.
            // bug: overdue objects live on
            self.shelf.append_aged(late.objects);
            pending.empties.append(late.empties);
        });
    }

    unsafe fn vacate(&self, seat: usize) {
        let Some(shard) = self.shard_of(seat) else { return };
        // SAFETY: the caller holds the seat, is not pinned, and no collector is at work.
        let owner: Owner<'_, T> = unsafe { shard.owner() };
        self.with_pending(|pending| pending.empties.append(owner.private().take_empties()));
        // bug: private objects left behind
        self.shelf.append(owner.take_private(&self.quota));
        if shard.published() {
            self.map.mark(owner.generation(), seat);
        }
    }

    unsafe fn lock_for_fork(&self) {
        // SAFETY: the caller's promise, and a core leaves the registry before it is freed.
        unsafe { self.shelf.lock_for_fork() };
    }

    unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.shelf.unlock_after_fork() };
    }

    unsafe fn reset_after_fork(&self, seats: &mut dyn Iterator<Item = AbandonedSeat>) {
        // SAFETY: this is the only thread.
        // bug: half-changed rings used after a fork
        self.shards().for_each(|shard| unsafe { shard.mend() });
        for AbandonedSeat { seat, reached } in seats {
            if let Some(shard) = self.shard_of(seat).filter(|_| !reached) {
                // SAFETY: this is the only thread.
                unsafe { shard.owner() }.abandon(&self.quota);
            }
            // SAFETY: locked, and this is the only thread.
            unsafe {
                self.catch_up(seat);
                // bug: private objects left behind by a fork
                self.vacate(seat);
            }
        }
        // The other threads may have been about to mark what they had put, or to restore a mark
        // that they had cleared.
        for (shard, parity) in self.shards().flat_map(|shard| [(shard, 0), (shard, 1)]) {
            if shard.holds(parity) {
                self.map.mark(parity, shard.id as usize);
            }
        }
        // bug: units lost by a fork
        self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());
    }
}

impl<T> Core<T> {
    /// Flips the shard of `seat`, if there is one. What must be dropped goes to `pending`.
    ///
    /// # Safety
    ///
    /// As for [`Collectable::flip`].
    unsafe fn age_shard(&self, seat: usize, pending: &mut Pending<T>) {
        let Some(shard) = self.shard_of(seat) else { return };
        // SAFETY: the caller has claimed or holds the seat.
        let owner = unsafe { shard.owner() };
        let victims = owner.generation();
        pending.empties.append(owner.private().take_empties());
        owner.age(self.generation.load(Relaxed), &self.quota, &mut pending.objects);
        // bug: victims without a mark
        if shard.has_aged() {
            self.map.mark(victims, seat);
        }
    }

    /// Calls `f` with what waits to be dropped. The caller holds the registry's lock.
    fn with_pending<R>(&self, f: impl FnOnce(&mut Pending<T>) -> R) -> R {
        // SAFETY: the registry's lock excludes all other threads, and no `f` calls this function.
        self.pending.with_mut(|pending| f(unsafe { &mut *pending }))
    }

    /// Gives back the units of objects that leave the pool to be dropped, and counts them as
    /// dropped.
    fn forget(&self, objects: usize) {
        self.quota.release(objects);
        self.dropped.add(objects);
    }

    /// Takes all idle objects out of a pool that is being dropped.
    pub(crate) fn empty(&mut self) -> List<T> {
        let mut gone = List::new();
        for shard in self.shards() {
            // SAFETY: `&mut self` excludes all other threads.
            unsafe { shard.owner() }.empty(&self.quota, &mut gone);
        }
        self.shelf.age();
        self.shelf.take_aged(&mut gone);
        gone
    }
}
