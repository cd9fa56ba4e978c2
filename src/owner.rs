//! The owner's side of a shard: what the holder of its seat does, or a collector that has claimed
//! the seat.

use std::{cell::Cell as Plain, marker::PhantomData, mem::MaybeUninit, ptr};

use crate::{
    cell::{Cell, Empty, Full, List},
    chain::{Chain, Push},
    quota::Quota,
    ring::Ring,
    shard::{MAX_BATCH, PLACES, Shard, Size, drain, is_object, vacant},
    sync::{Relaxed, Release},
};

/// Why a shard did not take an object.
#[derive(Debug)]
pub(crate) enum Refused<T> {
    /// The pool holds as many idle objects as it may.
    Bound(Full<T>),
    /// The chain wants a ring of so many slots, which is not made while pinned.
    Grow(Full<T>, usize),
    /// There is no room just now.
    Room(Full<T>),
}

/// The owner's side of a shard: neither `Send` nor `Sync`.
pub(crate) struct Owner<'a, T> {
    shard: &'a Shard<T>,
    published: Plain<bool>,
    single: PhantomData<*mut ()>,
}

impl<'a, T> Owner<'a, T> {
    /// See [`Shard::owner`].
    #[inline(always)]
    pub(crate) fn new(shard: &'a Shard<T>) -> Self {
        Self { shard, published: Plain::new(false), single: PhantomData }
    }
}

impl<T> Owner<'_, T> {
    /// The object in the slot.
    #[inline(always)]
    pub(crate) fn pop_slot(&self) -> Option<Full<T>> {
        let cell = self.shard.slot.load(Relaxed);
        if !is_object(cell) {
            return None;
        }
        self.shard.slot.store(vacant(), Relaxed);
        self.count_hit();
        // SAFETY: the slot owned it and has lost it.
        Some(unsafe { Full::from_raw(cell) })
    }

    /// Puts an object in the slot, if that is vacant.
    #[inline(always)]
    pub(crate) fn push_slot(&self, full: Full<T>) -> Result<(), Full<T>> {
        if self.shard.slot.load(Relaxed) != vacant() {
            return Err(full);
        }
        self.shard.slot.store(full.into_raw(), Relaxed);
        Ok(())
    }

    /// The newest private object: that in the slot, else that on top of the magazine.
    #[inline]
    pub(crate) fn pop_private(&self) -> Option<Full<T>> {
        self.pop_slot().or_else(|| {
            let top = self.count().checked_sub(1)?;
            let cell = self.place(top);
            self.shard.count.store(top as u32, Relaxed);
            self.count_hit();
            // SAFETY: the place owned it, and counts no more.
            Some(unsafe { Full::from_raw(cell) })
        })
    }

    /// Keeps an object in the slot, else on top of the magazine.
    #[inline]
    pub(crate) fn push_private(&self, full: Full<T>) -> Result<(), Full<T>> {
        self.push_slot(full).or_else(|full| {
            if self.count() >= self.lease() {
                return Err(full);
            }
            self.put_place(full.into_raw());
            Ok(())
        })
    }

    /// The newest private object, out of its cell, and the cell if there is no place for it.
    #[inline]
    pub(crate) fn take(&self) -> Option<(T, Option<Empty<T>>)> {
        let (value, empty) = self.pop_private()?.empty();
        Some((value, self.push_empty(empty)))
    }

    /// Keeps an object among the private ones, in a cell that a `take` has left.
    #[inline]
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        let room = self.shard.slot.load(Relaxed) == vacant() || self.count() < self.lease();
        match room.then(|| self.pop_empty()).flatten() {
            Some(empty) => {
                let kept = self.push_private(empty.fill(value));
                debug_assert!(kept.is_ok());
                kept.map_err(|full| full.empty().0)
            }
            None => Err(value),
        }
    }

    /// The newest object of slot, magazine and primary chain.
    pub(crate) fn pop(&self, quota: &Quota) -> Option<Full<T>> {
        self.pop_private().or_else(|| {
            let full = self.refill(quota)?;
            self.count_hit();
            Some(full)
        })
    }

    #[inline(always)]
    fn count_hit(&self) {
        self.shard.hits.store(self.shard.hits.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// A batch of the primary chain: one object to hand out, the others to the magazine.
    fn refill(&self, quota: &Quota) -> Option<Full<T>> {
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        // SAFETY: the owner of the shard owns the head of its primary chain.
        let head = unsafe { self.primary().head() };
        let count = head.pop(&mut batch[..quota.batch()]);
        let (last, rest) = batch[..count].split_last()?;
        self.adopt(rest.len(), count, quota);
        rest.iter().for_each(|&cell| self.put_place(cell));
        // SAFETY: popped, hence ours.
        Some(unsafe { Full::from_raw(*last) })
    }

    /// Keeps what a search brought besides the object that it was for, as far as there is room.
    pub(crate) fn stash(&self, more: &mut List<T>, quota: &Quota) {
        let kept = more.len().min(quota.places() - self.count());
        // What is not kept holds on to its units.
        self.adopt(kept, kept + 1, quota);
        for full in (0..kept).filter_map(|_| more.pop()) {
            self.put_place(full.into_raw());
        }
    }

    /// Makes room for so many objects, which come with so many units. Vacant places are used before
    /// new ones are leased, so that who only takes does not hoard units.
    fn adopt(&self, objects: usize, units: usize, quota: &Quota) {
        let new = (self.count() + objects).saturating_sub(self.lease());
        self.shard.lease.store((self.lease() + new) as u32, Relaxed);
        quota.release(units - new);
    }

    /// Keeps an object. The ring is for a chain that has asked for one.
    pub(crate) fn push(
        &self,
        mut full: Full<T>,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), Refused<T>> {
        loop {
            full = match self.push_private(full) {
                Ok(()) => return Ok(()),
                Err(full) => full,
            };
            let lease = self.lease();
            if self.slot_wants_unit(quota) || lease < quota.places() {
                match quota.lease(quota.batch()) {
                    0 => return Err(Refused::Bound(full)),
                    units => self.open_places(units, quota),
                }
            } else if quota.places() == 0 {
                return self.push_chain(full, quota, ring);
            } else {
                match self.spill(quota, ring) {
                    Ok(()) => {}
                    Err(Some(slots)) => return Err(Refused::Grow(full, slots)),
                    Err(None) => return Err(Refused::Room(full)),
                }
            }
        }
    }

    /// Straight to the chain, for objects that are too large to be kept in a magazine.
    fn push_chain(
        &self,
        full: Full<T>,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), Refused<T>> {
        if quota.lease(1) == 0 {
            return Err(Refused::Bound(full));
        }
        let cell = full.into_raw();
        let (pushed, slots) = self.publish(&[cell], ring);
        if pushed == 1 {
            return Ok(());
        }
        quota.release(1);
        // SAFETY: not pushed, hence still ours.
        let full = unsafe { Full::from_raw(cell) };
        Err(match slots {
            Some(slots) => Refused::Grow(full, slots),
            None => Refused::Room(full),
        })
    }

    /// Moves the oldest batch of a full magazine to the chain. The error is a wish for a ring.
    fn spill(&self, quota: &Quota, ring: &mut Option<Box<Ring<T>>>) -> Result<(), Option<usize>> {
        let batch: [_; MAX_BATCH] = std::array::from_fn(|i| self.place(i));
        let (pushed, slots) = self.publish(&batch[..quota.batch()], ring);
        if pushed == 0 {
            return Err(slots);
        }
        let count = self.count();
        for i in pushed..count {
            self.set_place(i - pushed, self.place(i));
        }
        self.shard.count.store((count - pushed) as u32, Relaxed);
        if quota.bounded() {
            // The units go with the objects.
            self.shard.lease.store((self.lease() - pushed) as u32, Relaxed);
        }
        Ok(())
    }

    /// Pushes to the primary chain, which grows by the ring if it must and can.
    fn publish(
        &self,
        batch: &[*mut Cell<T>],
        ring: &mut Option<Box<Ring<T>>>,
    ) -> (usize, Option<usize>) {
        // SAFETY: the owner of the shard owns the head of its primary chain.
        let head = unsafe { self.primary().head() };
        let (pushed, slots) = match head.push(batch) {
            Push::Done => (batch.len(), None),
            Push::Full { pushed } => (pushed, None),
            Push::Grow { pushed, slots } => match ring.take_if(|ring| ring.slots() >= slots) {
                Some(ring) => {
                    head.grow(ring);
                    let (more, slots) = self.publish(&batch[pushed..], &mut None);
                    (pushed + more, slots)
                }
                None => (pushed, Some(slots)),
            },
        };
        self.published.set(self.published.get() || pushed > 0);
        (pushed, slots)
    }

    /// Opens a shard at its first use.
    pub(crate) fn open(&self, generation: impl FnOnce() -> u32, quota: &Quota) {
        if self.shard.open.load(Relaxed) {
            return;
        }
        self.shard.generation.store(generation(), Relaxed);
        // Release: pairs with the Acquire in `drain_victims`, for the generation.
        self.shard.open.store(true, Release);
        if !quota.bounded() {
            self.shard.slot.store(vacant(), Relaxed);
            self.shard.lease.store(quota.places() as u32, Relaxed);
        }
    }

    /// Goes with the pool's generation: primary becomes victim. What has missed a whole generation,
    /// and was not touched since, is `gone`.
    ///
    /// The caller holds the registry's lock too, and has drained the victims.
    pub(crate) fn age(&self, now: u32, quota: &Quota, gone: &mut List<T>) {
        let missed = now.wrapping_sub(self.shard.generation.load(Relaxed));
        if !self.shard.open.load(Relaxed) || missed == 0 {
            return;
        }
        let private = self.take_private(quota);
        if missed == 1 {
            self.shard.shared.aged_len.fetch_add(private.len(), Relaxed);
            // Release: pairs with the Acquire of `take_aged`.
            let before = self.shard.shared.aged.swap(private.into_raw(), Release);
            debug_assert!(before.is_null());
        } else {
            gone.append(private);
            drain(self.primary(), gone);
        }
        self.shard.generation.store(now, Relaxed);
    }

    /// Empties slot and magazine, and gives back the units that they do not need.
    pub(crate) fn take_private(&self, quota: &Quota) -> List<T> {
        let mut private = List::new();
        let (slot, count) = (self.shard.slot.load(Relaxed), self.count());
        for i in 0..count {
            // SAFETY: the place owned it, and will not count.
            private.push(unsafe { Full::from_raw(self.place(i)) });
        }
        if is_object(slot) {
            // SAFETY: the slot owned it, and is overwritten below.
            private.push(unsafe { Full::from_raw(slot) });
        }
        self.shard.count.store(0, Relaxed);
        if !self.shard.open.load(Relaxed) {
            // It never had a place.
        } else if quota.bounded() {
            let places = self.lease() + usize::from(!slot.is_null());
            quota.release(places - private.len());
            self.shard.slot.store(ptr::null_mut(), Relaxed);
            self.shard.lease.store(0, Relaxed);
        } else {
            self.shard.slot.store(vacant(), Relaxed);
        }
        private
    }

    /// Forgets what is private: its holder is no more, and was in the midst of changing it.
    pub(crate) fn abandon(&self, quota: &Quota) {
        std::mem::forget(self.take_empties());
        let open = self.shard.open.load(Relaxed) && !quota.bounded();
        self.shard.slot.store(if open { vacant() } else { ptr::null_mut() }, Relaxed);
        self.shard.lease.store(if open { quota.places() as u32 } else { 0 }, Relaxed);
        self.shard.count.store(0, Relaxed);
    }

    /// An empty cell, if there is one.
    #[inline]
    pub(crate) fn pop_empty(&self) -> Option<Empty<T>> {
        // SAFETY: the owner's alone.
        self.shard.empties.with_mut(|empties| unsafe { (*empties).pop() })
    }

    /// Keeps an empty cell, or hands it back for its memory to be freed.
    #[inline]
    pub(crate) fn push_empty(&self, empty: Empty<T>) -> Option<Empty<T>> {
        self.shard.empties.with_mut(|empties| {
            // SAFETY: the owner's alone.
            let empties = unsafe { &mut *empties };
            if empties.len() >= Size::<T>::EMPTIES {
                return Some(empty);
            }
            empties.push(empty);
            None
        })
    }

    /// All empty cells.
    pub(crate) fn take_empties(&self) -> List<MaybeUninit<T>> {
        // SAFETY: the owner's alone.
        self.shard
            .empties
            .with_mut(|empties| unsafe { std::mem::replace(&mut *empties, List::new()) })
    }

    /// Moves everything to a list, from a pool that is going.
    pub(crate) fn empty(&self, quota: &Quota, gone: &mut List<T>) {
        gone.append(self.take_private(quota));
        gone.append(self.shard.take_aged());
        self.shard.shared.chains.iter().for_each(|chain| drain(chain, gone));
    }

    /// Whether anything may have been pushed to the chain, for thieves to see.
    pub(crate) fn has_published(&self) -> bool {
        self.published.get()
    }

    /// The generation of the shard.
    pub(crate) fn generation(&self) -> u32 {
        self.shard.generation.load(Relaxed)
    }

    fn primary(&self) -> &Chain<T> {
        self.shard.chain(self.generation())
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.shard.count.load(Relaxed) as usize
    }

    #[inline(always)]
    fn lease(&self) -> usize {
        self.shard.lease.load(Relaxed) as usize
    }

    fn slot_wants_unit(&self, quota: &Quota) -> bool {
        quota.slots() && self.shard.slot.load(Relaxed).is_null()
    }

    /// Takes units for private places, the slot's first, and releases those beyond its need.
    fn open_places(&self, units: usize, quota: &Quota) {
        let slot = usize::from(self.slot_wants_unit(quota));
        if slot == 1 {
            self.shard.slot.store(vacant(), Relaxed);
        }
        let new = (units - slot).min(quota.places() - self.lease());
        self.shard.lease.store((self.lease() + new) as u32, Relaxed);
        quota.release(units - slot - new);
    }

    #[inline(always)]
    fn place(&self, i: usize) -> *mut Cell<T> {
        debug_assert!(i < PLACES);
        // SAFETY: indices come from `count`, which no lease lets exceed `PLACES`; the place is the
        // owner's alone.
        unsafe { self.shard.magazine.get_unchecked(i) }.with(|place| unsafe { *place })
    }

    #[inline(always)]
    fn set_place(&self, i: usize, cell: *mut Cell<T>) {
        debug_assert!(i < PLACES);
        // SAFETY: as in `place`.
        unsafe { self.shard.magazine.get_unchecked(i) }.with_mut(|place| unsafe { *place = cell });
    }

    /// Puts a cell on top of the magazine, which has room.
    #[inline(always)]
    fn put_place(&self, cell: *mut Cell<T>) {
        let count = self.count();
        self.set_place(count, cell);
        self.shard.count.store(count as u32 + 1, Relaxed);
    }
}
