//! A pool's part in a collect, in the exit of a thread and in a fork.
//!
//! Nothing is dropped here. Objects that must be dropped are returned as [`Pending`], and callers
//! drop them when nothing is claimed, pinned or locked.

use std::ptr::NonNull;

use super::core::{Core, NO_INDEX};
#[cfg(feature = "metrics")]
use crate::shard::stats::Stats;
use crate::{
    collect::{
        collectable::Collectable,
        pending::{ErasedPending, Pending},
    },
    containers::cell::List,
    seat::{claim::AbandonedSeat, seat::Seat, shards::AnyShard},
    shard::{
        counters::Found,
        drops::Reason,
        lookup::{NOBODY, typed},
        shard::Shard,
    },
    sync::Relaxed,
};

impl<T: Send> Collectable for Core<T> {
    fn is_collected(&self) -> bool {
        self.is_collected
    }

    fn set_index(&self, index: usize) {
        self.index.store(index, Relaxed);
        // bug: hit path skips the hook
        let return_index = if self.is_plain() { index } else { NO_INDEX };
        self.return_index.store(return_index, Relaxed);
    }

    fn index(&self) -> usize {
        Core::index(self)
    }

    fn name(&self) -> &'static str {
        Core::name(self)
    }

    #[cfg(feature = "metrics")]
    fn named_stats(&self) -> Option<(&'static str, Stats)> {
        let name = Core::name(self);
        (!name.is_empty()).then(|| (name, self.stats()))
    }

    unsafe fn drain(&self, shard: AnyShard) {
        self.with_pending(|pending| {
            let before = pending.objects.len();
            // SAFETY: the shard is ours, and the caller holds the lock.
            unsafe { typed::<T>(shard).drain_victims(&mut pending.objects) };
            self.forget(pending.objects.len() - before);
        });
    }

    unsafe fn drain_shelf(&self) {
        self.with_pending(|pending| {
            let before = pending.objects.len();
            self.shelf.take_aged(&mut pending.objects);
            // bug: stock kept by collects
            let batches = std::iter::from_fn(|| self.stock.take());
            batches.for_each(|mut batch| {
                std::iter::from_fn(|| batch.pop()).for_each(|empty| pending.empties.push(empty));
            });
            self.forget(pending.objects.len() - before);
        });
    }

    unsafe fn advance(&self) {
        self.generation.store(self.generation.load(Relaxed).wrapping_add(1), Relaxed);
        // bug: shelf does not age
        self.shelf.age();
    }

    unsafe fn flip(&self, seat: &Seat, shard: AnyShard) -> bool {
        self.with_pending(|pending| {
            let before = pending.objects.len();
            // SAFETY: the shard is ours, and the caller has claimed the seat and holds the lock.
            let unused = unsafe {
                // A pool that is not collected lags if its own `trim` has skipped the seat.
                // bug: late work of a pool that is not collected forgotten
                if self.is_collected || self.is_ahead_of(typed(shard)) {
                    self.age_shard(seat, typed(shard), pending);
                }
                typed::<T>(shard).owner().was_unused()
            };
            self.forget(pending.objects.len() - before);
            if unused {
                // SAFETY: as above, and the shard is empty.
                unsafe { self.remove_shard(seat, shard, pending) };
            }
            unused
        })
    }

    unsafe fn keep_min_idle(&self) {
        let min_idle = self.min_idle.load(Relaxed);
        if min_idle == 0 {
            return;
        }
        let reading = &self.seats.read(None);
        let idle = self.shards(reading).map(Shard::idle).sum::<usize>() + self.shelf.len();
        let missing = min_idle.saturating_sub(idle);
        self.with_pending(|pending| {
            let units = self.quota.lease(missing.min(pending.objects.len()));
            let kept = pending.objects.split(units);
            // bug: kept objects counted as dropped
            self.drops.add(units.wrapping_neg(), self.step_reason());
            // They are victims again, so that a search finds them, and the next collect decides anew.
            // bug: idle objects that are to be kept dropped
            self.shelf.append_aged(kept);
        });
    }

    unsafe fn set_clearing(&self, clearing: bool) {
        self.clearing.store(clearing, Relaxed);
    }

    unsafe fn take_pending(&self) -> Option<ErasedPending> {
        self.with_pending(Pending::take).erase(self.weight_limit.as_ref())
    }

    unsafe fn free_removed(&self) {
        // SAFETY: the caller's promise.
        self.with_pending(|pending| unsafe { pending.shards.free() });
    }

    unsafe fn catch_up(&self, seat: &Seat, shard: AnyShard) {
        let mut late = Pending::new();
        let moving = self.seats.moves().begin();
        // SAFETY: the shard is ours. The caller holds the seat, is not pinned, and no collector is at
        // work.
        unsafe { self.age_shard(seat, typed(shard), &mut late) };
        // The caller may be in the middle of a `get`, so these are not dropped here: the next
        // collect does that.
        // bug: overdue objects live on
        self.shelf.append_aged(std::mem::take(&mut late.objects));
        drop(moving);
        self.with_pending(|pending| pending.empties.append(late.empties));
    }

    unsafe fn vacate(&self, seat: &Seat, shard: AnyShard) {
        // SAFETY: the shard is ours. The caller holds the seat, is not pinned, and no collector is at
        // work.
        let shard: &Shard<T> = unsafe { typed(shard) };
        // SAFETY: as above.
        let owner = unsafe { shard.owner() };
        self.with_pending(|pending| pending.empties.append(owner.private().take_empties()));
        self.unreserve(&owner);
        let moving = self.seats.moves().begin();
        // bug: private objects left behind
        self.shelf.append(owner.take_private(&self.quota));
        drop(moving);
        shard.private.evidence().reset();
        self.unmark_private(seat.id);
        if shard.published() {
            self.map.mark(owner.generation(), seat.id);
        }
    }

    fn is_on_shelf(&self) -> bool {
        self.shelf.len() > 0
    }

    unsafe fn seems_empty(&self) -> bool {
        let pending = self.with_pending(|pending| pending.objects.len() + pending.empties.len());
        let reading = &self.seats.read(None);
        pending == 0 && !self.is_on_shelf() && self.shards(reading).all(|shard| shard.idle() == 0)
    }

    unsafe fn is_empty(&self) -> bool {
        // Victims have not appeared since `seems_empty`: only flips make them, under the lock. So
        // no epoch is needed, for which memory might be freed here.
        // bug: end looks at the shelf without its lock
        self.shelf.locked_len() == 0 && self.shards(&self.seats.read(None)).all(Shard::is_empty)
    }

    unsafe fn lock_for_fork(&self) {
        // SAFETY: the caller's promise, and a core leaves the registry before it is freed.
        unsafe { self.shelf.lock_for_fork() };
    }

    unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.shelf.unlock_after_fork() };
    }

    unsafe fn reset_after_fork(&self, seats: &mut dyn Iterator<Item = AbandonedSeat<'_>>) {
        let reading = &self.seats.read(None);
        // SAFETY: this is the only thread.
        // bug: half-changed rings used after a fork
        self.shards(reading).for_each(|shard| unsafe { shard.mend() });
        // Thieves may have been reading those that collects have removed, too.
        // SAFETY: as above.
        // bug: removed shards not repaired after a fork
        self.with_pending(|pending| unsafe { pending.shards.mend() });
        for AbandonedSeat { seat, reached } in seats {
            let shard = seat.shared_shard(self.index(), reading);
            let Some(any) = shard.filter(|shard| shard.as_ptr() != NOBODY) else { continue };
            if !reached {
                // SAFETY: the shard is ours, and this is the only thread.
                let owner = unsafe { typed::<T>(any).owner() };
                self.unreserve(&owner);
                owner.abandon();
            }
            // SAFETY: locked, and this is the only thread.
            unsafe {
                self.catch_up(seat, any);
                // bug: private objects left behind by a fork
                self.vacate(seat, any);
            }
        }
        // The other threads may have been about to mark what they had put, or to restore a mark
        // that they had cleared.
        for (shard, parity) in self.shards(reading).flat_map(|shard| [(shard, 0), (shard, 1)]) {
            if shard.holds(parity) {
                self.map.mark(parity, shard.id as usize);
            }
        }
        // bug: units lost by a fork
        self.quota
            .recount(self.shards(reading).map(Shard::units).sum::<usize>() + self.shelf.len());
    }
}

impl<T> Core<T> {
    /// Returns whether the pool has advanced since the shard was flipped.
    fn is_ahead_of(&self, shard: &Shard<T>) -> bool {
        shard.generation.load(Relaxed) != self.generation.load(Relaxed)
    }

    /// Flips a shard of ours, which is that of `seat`. What must be dropped goes to `pending`.
    ///
    /// # Safety
    ///
    /// As for [`Collectable::flip`].
    unsafe fn age_shard(&self, seat: &Seat, shard: &Shard<T>, pending: &mut Pending<T>) {
        // SAFETY: the caller has claimed or holds the seat.
        let owner = unsafe { shard.owner() };
        let victims = owner.generation();
        pending.empties.append(owner.private().take_empties());
        self.unreserve(&owner);
        owner.age(self.generation.load(Relaxed), &self.quota, &mut pending.objects);
        // bug: victims without a mark
        if shard.has_aged() {
            self.map.mark(victims, seat.id);
        }
    }

    /// Removes an empty shard of ours, which is that of `seat`. Keeps what it has counted.
    ///
    /// # Safety
    ///
    /// As for [`Collectable::flip`].
    unsafe fn remove_shard(&self, seat: &Seat, any: AnyShard, pending: &mut Pending<T>) {
        // SAFETY: the caller has claimed the seat, and the shard is ours.
        let owner = unsafe { typed::<T>(any).owner() };
        // A shard of a pool that is not collected has not aged.
        // bug: cells of a shard that has not aged leaked
        pending.empties.append(owner.private().take_empties());
        // bug: weight of a shard that has not aged lost
        self.unreserve(&owner);
        // bug: units of a shard that has not aged lost
        owner.private().release_unused(&self.quota);
        // SAFETY: as above.
        unsafe { seat.remove_shard(self.index(), NOBODY) };
        self.unmark_private(seat.id);
        self.seats.note_removed();
        self.shard_count.fetch_sub(1, Relaxed);
        // SAFETY: ours. It is not freed before it is retired.
        let shard: &Shard<T> = unsafe { typed(any) };
        self.keep_counts(shard);
        // bug: loans of a freed shard lost
        self.add_loans(shard.loans());
        // SAFETY: made from a `Box` by `Core::add_shard`, and removed once.
        unsafe { pending.shards.push(any.cast()) };
    }

    /// Adds what a shard has counted that is about to be removed.
    pub(super) fn keep_counts(&self, shard: &Shard<T>) {
        // bug: counts of a freed shard lost
        self.counters.for_result(Found::ShelfOrOwnTail).add(shard.hits());
        // bug: slow counts of a freed shard lost
        self.counters.add_all(&shard.shared.counters);
    }

    /// Calls `f` with what waits to be dropped. The caller holds the registry's lock.
    fn with_pending<R>(&self, f: impl FnOnce(&mut Pending<T>) -> R) -> R {
        // SAFETY: the registry's lock excludes all other threads, and no `f` calls this function.
        self.pending.with_mut(|pending| f(unsafe { &mut *pending }))
    }

    /// Keeps an empty shard, which is in no table any more, until nobody can be reading it. The caller
    /// holds the registry's lock.
    pub(super) fn keep_removed(&self, shard: Box<Shard<T>>) {
        self.seats.note_removed();
        let shard = NonNull::from(Box::leak(shard));
        // SAFETY: it came from a `Box`, is empty, and is in no table.
        self.with_pending(|pending| unsafe { pending.shards.push(shard) });
    }

    /// Returns why the present step drops objects, if not because they have aged.
    fn step_reason(&self) -> Option<Reason> {
        self.clearing.load(Relaxed).then_some(Reason::Cleared)
    }

    /// Gives back the units of objects that leave the pool to be dropped, and counts them as
    /// dropped.
    fn forget(&self, objects: usize) {
        self.quota.release(objects);
        self.drops.add(objects, self.step_reason());
        self.extra.store(self.extra.load(Relaxed).saturating_sub(objects), Relaxed);
    }

    /// Ends a pool that is being dropped: frees its shards, and returns all idle objects.
    ///
    /// The caller holds the registry's lock.
    pub(crate) fn end(&mut self) -> List<T> {
        let mut gone = List::new();
        self.take_shards(|shard, quota| {
            // SAFETY: `&mut self` excludes all other threads.
            unsafe { shard.owner() }.empty(quota, &mut gone);
        });
        self.shelf.age();
        self.shelf.take_aged(&mut gone);
        gone
    }
}
