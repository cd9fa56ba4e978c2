//! The owner's side of a shard: the operations of the thread that holds its seat, and of a
//! collector that has claimed the seat.

use std::{cell::Cell, marker::PhantomData, ptr};

use super::{
    private::{Evidence, PrivateOwner, Refused},
    shard::{Shard, drain},
    size::MAX_BATCH,
};
use crate::{
    containers::{
        cell::{CellBox, List, ObjectCell, note_weight},
        chain::{Chain, Push},
        quota::Quota,
        ring::Ring,
        weight::WeightLimit,
    },
    sync::{Relaxed, Release},
};

/// Why a shard did not take an object.
#[derive(Debug)]
pub(crate) enum PushError<T> {
    /// The pool has no unit or too little weight left: it holds as many idle objects as it may.
    AtLimit(CellBox<T>),
    /// The chain needs a ring with this number of slots. No memory is allocated while pinned, so
    /// the caller allocates the ring after it has unpinned, and repeats the push.
    NeedsRing(CellBox<T>, usize),
    /// The shard needs a magazine, which the caller allocates and adds likewise.
    NeedsMagazine(CellBox<T>),
    /// There is no room now, and a ring would not help: see [`Push::Full`].
    Full(CellBox<T>),
}

impl<T> PushError<T> {
    pub(crate) fn into_object(self) -> CellBox<T> {
        match self {
            Self::AtLimit(full)
            | Self::NeedsRing(full, _)
            | Self::NeedsMagazine(full)
            | Self::Full(full) => full,
        }
    }
}

/// The owner's side of a shard: neither `Send` nor `Sync`.
pub(crate) struct Owner<'a, T> {
    shard: &'a Shard<T>,
    private: PrivateOwner<'a, T>,
    /// The limit of a pool that weighs.
    limit: Option<&'a WeightLimit<T>>,
    /// Whether a push through `self` has reached the primary chain.
    published: Cell<bool>,
    /// Whether `self` has enabled the private part.
    enabled: Cell<bool>,
    not_send: PhantomData<*mut ()>,
}

impl<T> Shard<T> {
    /// Returns the owner's side of the shard.
    ///
    /// # Safety
    ///
    /// The caller has pinned or claimed the shard's seat; or holds the seat, unpinned, together with the
    /// registry's lock; or has exclusive access to the pool.
    #[inline(always)]
    pub(crate) unsafe fn owner(&self) -> Owner<'_, T> {
        // SAFETY: the caller's promise.
        let private = unsafe { PrivateOwner::new(&self.private) };
        let (published, enabled) = (Cell::new(false), Cell::new(false));
        Owner { shard: self, private, limit: None, published, enabled, not_send: PhantomData }
    }
}

impl<'a, T> Owner<'a, T> {
    /// Returns the owner's side in a pool with this limit. Without a limit, objects weigh nothing.
    pub(crate) fn within(self, limit: Option<&'a WeightLimit<T>>) -> Self {
        Self { limit, ..self }
    }

    /// Returns the owner's access to the private part.
    #[inline(always)]
    pub(crate) fn private(&self) -> &PrivateOwner<'a, T> {
        &self.private
    }

    /// Pops an object from the private part, or else from the newest ring of the primary chain. It
    /// leaves with its weight.
    pub(crate) fn pop(&self, quota: &Quota) -> Option<CellBox<T>> {
        self.private.pop_with_weight().or_else(|| self.refill(quota)).or_else(|| {
            self.evidence().found_nothing();
            None
        })
    }

    /// Pops a batch from the primary chain. Returns one object, and keeps the others in the
    /// magazine.
    fn refill(&self, quota: &Quota) -> Option<CellBox<T>> {
        if !self.shard.published() {
            return None;
        }
        self.enable(quota);
        if !self.evidence().is_enabled() || self.private.usable_places(quota) == 0 {
            return self.pop_chain(quota);
        }
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let popped = self.pop_primary(&mut batch[..quota.batch()]);
        if popped == 0 {
            return None;
        }
        let used = self.shard.private.used_weight();
        self.private.insert_batch(&batch[..popped]);
        let full = self.private.pop_below_spares();
        self.private.credit(popped, quota);
        self.credit_weight(used);
        self.private.grow(popped, quota);
        full
    }

    /// Pops straight from the chain, for objects that are too large for a magazine, and while the
    /// private part is disabled.
    fn pop_chain(&self, quota: &Quota) -> Option<CellBox<T>> {
        let mut one = [ptr::null_mut()];
        if self.pop_primary(&mut one) == 0 {
            return None;
        }
        quota.release(1);
        self.private.count_hit();
        self.evidence().took_back();
        if self.evidence().is_enabled() {
            self.private.grow(1, quota);
        }
        // SAFETY: popped, hence ours.
        Some(unsafe { CellBox::from_raw(one[0]) })
    }

    /// Pops up to `into.len()` objects from the newest ring of the primary chain, the newest last,
    /// and returns how many.
    fn pop_primary(&self, into: &mut [*mut ObjectCell<T>]) -> usize {
        // SAFETY: the owner of the shard owns the head of its primary chain.
        let head = unsafe { self.primary().head() };
        let popped = head.pop(into);
        if popped == 0 {
            // bug: older rings forgotten; own empty chain searched again and again
            self.shard.published.store(!head.is_alone(), Relaxed);
        }
        popped
    }

    /// Keeps objects that this thread has stolen in addition to the one that it returns, whose unit
    /// it takes over: the first ones of `more`, as many as there is room for in the magazine and the
    /// chain. Returns how many.
    pub(crate) fn keep_loot(&self, more: &[*mut ObjectCell<T>], quota: &Quota) -> usize {
        if !more.is_empty() {
            self.enable(quota);
        }
        let room = match self.evidence().is_enabled() {
            true => self.private.usable_places(quota) - self.private.count(),
            false => 0,
        };
        let (private, rest) = more.split_at(more.len().min(room));
        let used = self.shard.private.used_weight();
        if !private.is_empty() {
            self.private.insert_batch(private);
        }
        // The unit of the returned object is credited, too. The others keep their units.
        self.private.credit(private.len() + 1, quota);
        self.credit_weight(used);
        private.len() + self.publish(rest, &mut None).0
    }

    /// Takes over the weight of private objects that have come from a chain.
    fn credit_weight(&self, used: usize) {
        self.limit.iter().for_each(|limit| self.private.credit_weight(used, limit));
    }

    /// Returns whether the owner would keep stolen objects private if it had a magazine. A thread
    /// that has not stolen before leaves them to the shelf, so that threads which use a pool once do
    /// not each get a magazine.
    pub(crate) fn wants_magazine_for_loot(&self, quota: &Quota) -> bool {
        self.enable(quota);
        // bug: magazine for a first loot
        self.shard.shared.counters.has_stolen()
            && self.evidence().is_enabled()
            && self.private.lacks_magazine(quota)
    }

    /// Keeps an object of this weight, which is ignored in a pool that does not weigh. If an earlier
    /// push has returned [`PushError::NeedsRing`], `ring` holds the ring that the chain needs.
    pub(crate) fn push(
        &self,
        mut full: CellBox<T>,
        weight: usize,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), PushError<T>> {
        if !quota.slots() {
            return self.push_chain(full, weight, quota, ring);
        }
        self.enable(quota);
        loop {
            full = match self.push_private(full, weight, quota) {
                Ok(()) => return Ok(()),
                Err((Refused::AtLimit, full)) => return Err(PushError::AtLimit(full)),
                Err((Refused::NoPlace, full)) => full,
            };
            if self.private.wants_magazine(self.shared_len(), quota) {
                return Err(PushError::NeedsMagazine(full));
            }
            if self.private.count() == 0 {
                return self.push_chain(full, weight, quota, ring);
            }
            match self.spill(quota, ring) {
                Ok(()) => {}
                Err(Some(slots)) => return Err(PushError::NeedsRing(full, slots)),
                Err(None) => return Err(PushError::Full(full)),
            }
        }
    }

    /// Keeps an object of this weight in the private part.
    fn push_private(
        &self,
        full: CellBox<T>,
        weight: usize,
        quota: &Quota,
    ) -> Result<(), (Refused, CellBox<T>)> {
        match self.limit {
            Some(limit) => self.private.keep_weighed(full, weight, quota, limit),
            None => self.private.push(full, quota),
        }
    }

    /// Leases a unit, and adds `weight` to the pool's sum. Returns whether both were possible.
    fn lease(&self, weight: usize, quota: &Quota) -> bool {
        let leased = quota.lease(1) == 1;
        let added = leased && self.limit.is_none_or(|limit| limit.add(weight));
        if leased && !added {
            // bug: unit lost when an object is too heavy
            quota.release(1);
        }
        added
    }

    /// Pushes an object of this weight to the chain, if no private place is free.
    fn push_chain(
        &self,
        full: CellBox<T>,
        weight: usize,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), PushError<T>> {
        if !self.lease(weight, quota) {
            return Err(PushError::AtLimit(full));
        }
        let cell = full.into_raw();
        if self.limit.is_some() {
            // SAFETY: the cell is ours, and in no list.
            // bug: weight not noted by a push
            unsafe { note_weight(cell, weight) };
        }
        let (pushed, slots) = self.publish(&[cell], ring);
        if pushed == 1 {
            let shared = self.shared_len();
            self.evidence().put_shared(shared);
            self.private.buffer(shared, quota);
            return Ok(());
        }
        // bug: unit lost when a ring is needed
        quota.release(1);
        // bug: weight lost when a ring is needed
        self.limit.iter().for_each(|limit| limit.sub(weight));
        // SAFETY: the cell was not pushed, so it is still ours.
        let full = unsafe { CellBox::from_raw(cell) };
        Err(match slots {
            Some(slots) => PushError::NeedsRing(full, slots),
            None => PushError::Full(full),
        })
    }

    /// Moves the oldest batch of a full magazine to the chain. `Err(Some(n))` asks for a ring with
    /// `n` slots; `Err(None)` means that there is no room now.
    fn spill(&self, quota: &Quota, ring: &mut Option<Box<Ring<T>>>) -> Result<(), Option<usize>> {
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let batch = &mut batch[..quota.batch().min(self.private.count())];
        self.private.copy_oldest(batch);
        self.private.note_oldest(batch);
        let (pushed, slots) = self.publish(batch, ring);
        if pushed == 0 {
            return Err(slots);
        }
        self.private.remove_oldest(pushed);
        // bug: units not moved by a spill
        if quota.bounded() {
            // The objects take their units along.
            self.private.debit(pushed);
        }
        self.private.buffer(self.shared_len(), quota);
        Ok(())
    }

    /// Returns the number of objects in the newest ring of the primary chain.
    fn shared_len(&self) -> usize {
        // SAFETY: the owner of the shard owns the head of its primary chain.
        unsafe { self.primary().head() }.len()
    }

    /// Pushes `batch` to the primary chain. If the chain needs a ring, and `ring` is large enough,
    /// links it. Returns how many objects were pushed, and the number of slots of a ring that the
    /// others need, if a ring would help.
    fn publish(
        &self,
        batch: &[*mut ObjectCell<T>],
        ring: &mut Option<Box<Ring<T>>>,
    ) -> (usize, Option<usize>) {
        // SAFETY: the owner of the shard owns the head of its primary chain.
        let head = unsafe { self.primary().head() };
        let mut all = 0;
        let wanted = loop {
            let (pushed, slots) = match head.push(&batch[all..]) {
                Push::Done => (batch.len() - all, None),
                Push::Full { pushed } => (pushed, None),
                Push::Grow { pushed, slots } => (pushed, Some(slots)),
            };
            all += pushed;
            let Some(slots) = slots else { break None };
            let Some(ring) = ring.take_if(|ring| ring.slots() >= slots) else { break Some(slots) };
            head.grow(ring);
        };
        if all > 0 {
            self.published.set(true);
            // bug: spill does not set the published flag
            self.shard.published.store(true, Relaxed);
        }
        (all, wanted)
    }

    /// Opens a shard at its first use. `generation` returns the pool's generation.
    pub(crate) fn open(&self, generation: impl FnOnce() -> u32) {
        if self.shard.open.load(Relaxed) {
            return;
        }
        self.shard.generation.store(generation(), Relaxed);
        // Release: pairs with the Acquire of `Shard::drain_victims`, for the generation.
        // bug: shard open before its generation is known
        self.shard.open.store(true, Release);
    }

    /// Ages the shard to the pool's generation, `now`. If it is one generation behind, its primary
    /// objects become victims. If it is further behind, all its objects have been idle for two
    /// collects, and move to `gone`.
    ///
    /// The caller also holds the registry's lock, and has drained the victims.
    pub(crate) fn age(&self, now: u32, quota: &Quota, gone: &mut List<T>) {
        let missed = now.wrapping_sub(self.shard.generation.load(Relaxed));
        if !self.is_open() || missed == 0 {
            return;
        }
        let private = self.take_private(quota);
        self.evidence().age();
        // bug: private objects dropped a generation early; overdue objects aged once more
        if missed == 1 {
            self.shard.shared.aged_len.fetch_add(private.len(), Relaxed);
            // Release: pairs with the Acquire of `Shard::take_aged`, for the list.
            // bug: victims published without release
            let before = self.shard.shared.aged.swap(private.into_raw(), Release);
            debug_assert!(before.is_null());
        } else {
            gone.append(private);
            // bug: late seat keeps overdue objects
            drain(self.primary(), gone);
        }
        // bug: flip does not clear the published flag
        self.shard.published.store(false, Relaxed);
        self.shard.generation.store(now, Relaxed);
    }

    /// Returns whether the shard is empty, and was not used since the last call. Called by a
    /// collector, once in each collect, when the shard has aged.
    pub(crate) fn was_unused(&self) -> bool {
        let shard = self.shard;
        let uses = shard.hits().wrapping_add(shard.shared.counters.sum()) as u32;
        // bug: shard freed while it is in use
        shard.known_uses.replace(uses) == uses
            && shard.private.is_empty()
            && !shard.has_aged()
            // SAFETY: the caller owns both heads: it has claimed the seat and holds the registry's
            // lock.
            && shard.shared.chains.iter().all(|chain| unsafe { chain.head() }.is_empty())
    }

    /// Takes all private objects, with their units.
    pub(crate) fn take_private(&self, quota: &Quota) -> List<T> {
        self.private.take_all(quota)
    }

    /// Leaks everything in the private part, in a child process after a fork: the shard's owner
    /// does not exist there, and may have been changing it.
    pub(crate) fn abandon(&self) {
        self.private.abandon();
        self.shard.published.store(true, Relaxed);
    }

    /// Moves all objects to `gone`, in a pool that is being dropped.
    pub(crate) fn empty(&self, quota: &Quota, gone: &mut List<T>) {
        gone.append(self.take_private(quota));
        gone.append(self.shard.take_aged());
        self.shard.shared.chains.iter().for_each(|chain| drain(chain, gone));
    }

    /// Takes all private objects, with their units, for another thread. Disables the private part.
    pub(crate) fn recall(&self, quota: &Quota) -> List<T> {
        self.private.recall(quota)
    }

    /// Enables the private part if the evidence suffices.
    fn enable(&self, quota: &Quota) {
        if self.private.enable(quota) {
            self.enabled.set(true);
        }
    }

    /// Returns whether `self` has enabled the private part. The caller then marks the shard in the
    /// occupancy map, before it unpins.
    pub(crate) fn has_enabled(&self) -> bool {
        self.enabled.get()
    }

    fn evidence(&self) -> &Evidence {
        self.shard.private.evidence()
    }

    /// Returns the parity of the primary chain if a push through `self` has reached it. The caller
    /// then marks the shard in the occupancy map.
    pub(crate) fn has_published(&self) -> Option<u32> {
        self.published.get().then(|| self.generation())
    }

    /// Returns the shard's generation.
    pub(crate) fn generation(&self) -> u32 {
        self.shard.generation.load(Relaxed)
    }

    fn primary(&self) -> &Chain<T> {
        self.shard.chain(self.generation())
    }

    /// Returns whether the shard was ever used.
    fn is_open(&self) -> bool {
        self.shard.open.load(Relaxed)
    }
}
