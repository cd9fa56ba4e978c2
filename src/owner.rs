//! The owner's side of a shard: what the holder of its seat does, or a collector that has claimed
//! the seat.

use std::{cell::Cell as Plain, marker::PhantomData};

use crate::{
    cell::{Cell, Full, List},
    chain::{Chain, Push},
    origin::Origin,
    private::Private,
    quota::Quota,
    ring::Ring,
    shard::{Shard, drain},
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
    /// An object of the magazine, or else of the primary chain's newest ring.
    pub(crate) fn pop(&self, quota: &Quota) -> Option<Full<T>> {
        self.pop_under().or_else(|| self.refill(quota))
    }

    /// A batch of the primary chain: one object to hand out, the others to the magazine.
    fn refill(&self, quota: &Quota) -> Option<Full<T>> {
        if !self.shard.published() {
            return None;
        }
        // SAFETY: the owner of the shard owns the head of its primary chain.
        let head = unsafe { self.primary().head() };
        let filled = self.fill(quota.batch(), |places| head.pop(places));
        if filled == 0 {
            // bug: older rings forgotten; own chain looked for in vain for ever
            self.shard.published.store(!head.is_alone(), Relaxed);
            return None;
        }
        let full = self.pop_under();
        self.adopt(filled, quota);
        self.widen(filled, quota);
        full
    }

    /// Keeps the first of what a thief brought besides the object that it came for, as far as there
    /// is room, and tells how many.
    pub(crate) fn stash(&self, more: &[*mut Cell<T>], quota: &Quota) -> usize {
        let room = quota.places() - self.private().count();
        let kept = &more[..more.len().min(room)];
        self.fill(kept.len(), |places| {
            places.copy_from_slice(kept);
            kept.len()
        });
        // What is not kept holds on to its units.
        self.adopt(kept.len() + 1, quota);
        kept.len()
    }

    /// Keeps an object. The ring is for a chain that has asked for one.
    pub(crate) fn push(
        &self,
        mut full: Full<T>,
        quota: &Quota,
        ring: &mut Option<Box<Ring<T>>>,
    ) -> Result<(), Refused<T>> {
        loop {
            full = match self.push_under(full) {
                Ok(()) => return Ok(()),
                Err(full) => full,
            };
            if self.wants_units(quota) {
                match quota.lease(quota.batch()) {
                    0 => return Err(Refused::Bound(full)),
                    units => self.open_more(units, quota),
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
        // bug: unit without a ring lost
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
        let mut wish = None;
        let pushed = self.empty_oldest(quota.batch(), |batch| {
            let (pushed, slots) = self.publish(batch, ring);
            wish = slots;
            pushed
        });
        if pushed == 0 {
            return Err(wish);
        }
        // bug: units stay behind a spill
        if quota.bounded() {
            // The units go with the objects.
            self.forget_units(pushed);
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
        if pushed > 0 {
            self.published.set(true);
            // bug: spill that its owner does not know of
            self.shard.published.store(true, Relaxed);
        }
        (pushed, slots)
    }

    /// Opens a shard at its first use.
    pub(crate) fn open(&self, generation: impl FnOnce() -> u32, quota: &Quota) {
        if self.shard.open.load(Relaxed) {
            return;
        }
        self.shard.generation.store(generation(), Relaxed);
        // Release: pairs with the Acquire in `drain_victims`, for the generation.
        // bug: shard open before its generation is known
        self.shard.open.store(true, Release);
        if !quota.bounded() {
            self.open_first(quota);
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
        let private = self.take_all(quota);
        // bug: private objects dropped a generation early; what is overdue is aged once more
        if missed == 1 {
            self.shard.shared.aged_len.fetch_add(private.len(), Relaxed);
            // Release: pairs with the Acquire of `take_aged`.
            // bug: victims published without release
            let before = self.shard.shared.aged.swap(private.into_raw(), Release);
            debug_assert!(before.is_null());
        } else {
            gone.append(private);
            // bug: late seat keeps what is old
            drain(self.primary(), gone);
        }
        // bug: spill of another generation known
        self.shard.published.store(false, Relaxed);
        self.shard.generation.store(now, Relaxed);
    }

    /// Forgets what is private: its holder is no more, and was in the midst of changing it.
    pub(crate) fn abandon(&self, quota: &Quota) {
        self.abandon_private(quota);
        self.shard.published.store(true, Relaxed);
    }

    /// Moves everything to a list, from a pool that is going.
    pub(crate) fn empty(&self, quota: &Quota, gone: &mut List<T>) {
        gone.append(self.take_all(quota));
        gone.append(self.shard.take_aged());
        self.shard.shared.chains.iter().for_each(|chain| drain(chain, gone));
    }

    /// The parity of the chain to which something was pushed by way of `self`, for thieves to see.
    pub(crate) fn has_published(&self) -> Option<u32> {
        self.published.get().then(|| self.generation())
    }

    /// The generation of the shard.
    pub(crate) fn generation(&self) -> u32 {
        self.shard.generation.load(Relaxed)
    }

    fn primary(&self) -> &Chain<T> {
        self.shard.chain(self.generation())
    }

    /// Where the owner's guards give back.
    #[inline(always)]
    pub(crate) fn origin(&self) -> Origin<T> {
        Origin::of_shard(self.shard)
    }

    /// Whether the shard was ever used.
    pub(crate) fn is_open(&self) -> bool {
        self.shard.open.load(Relaxed)
    }

    #[inline(always)]
    pub(crate) fn private(&self) -> &Private<T> {
        &self.shard.private
    }
}
