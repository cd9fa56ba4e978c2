//! The chain: rings of growing size, the owner at the newest and thieves at the oldest.
//!
//! Unlike Go's `poolChain` the links go one way only, from the oldest ring to the newest. An owner
//! whose newest ring is empty fetches from the older ones as a thief does, which also unlinks the
//! ones that are spent; it never walks a ring that somebody else may be unlinking.

use std::{marker::PhantomData, ptr};

use super::{
    cell::ObjectCell,
    ring::{MAX_SLOTS, Ring, Steal},
};
use crate::sync::{Acquire, AtomicPtr, Relaxed, Release, pin, reclaim::Reclaimed, test_size};

/// Slots of the first ring; each further one has twice as many.
pub(crate) const FIRST_SLOTS: usize = test_size(32, 2);

/// The overflow of one shard, for one generation.
///
/// Only the newest ring (`head`) is ever pushed to. Its `next` is null; that of every other ring is
/// not. A ring that is empty and has a `next` stays empty: it is spent.
pub(crate) struct Chain<T> {
    /// The newest ring, or null. The owner's alone.
    head: AtomicPtr<Ring<T>>,
    /// The oldest ring, or null. From null to a ring by the owner, then along `next` by thieves.
    tail: AtomicPtr<Ring<T>>,
}

// SAFETY: a chain owns objects and hands each to one thread; rings are shared by atomics.
unsafe impl<T: Send> Send for Chain<T> {}
// SAFETY: as above; no `&T` is ever made.
unsafe impl<T: Send> Sync for Chain<T> {}

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// All of the batch is in.
    Done,
    /// So many are in, and for the rest there must be a new ring of so many slots.
    Grow { pushed: usize, slots: usize },
    /// So many are in. For the rest there is no room now, but more rings would not be right: a
    /// thief has yet to empty its slots, or the chain is as large as can be.
    Full { pushed: usize },
}

impl<T> Chain<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), tail: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The owner's side.
    ///
    /// # Safety
    ///
    /// There is one owner at a time, and each sees what the one before it did.
    pub(crate) unsafe fn head(&self) -> ChainHead<'_, T> {
        ChainHead(self, PhantomData)
    }

    /// Takes up to half of the oldest ring that has something.
    pub(crate) fn steal(&self, into: &mut [*mut ObjectCell<T>]) -> Steal {
        // Most chains have never held anything.
        if self.tail.load(Relaxed).is_null() {
            return Steal::Empty;
        }
        // bug: missed grace period; missed grace period, of the epochs that ship
        let guard = pin();
        // Acquire: pairs with the Release of `ChainHead::grow` or `unlink`, for the ring's memory.
        let mut at = self.tail.load(Acquire);
        loop {
            // SAFETY: a ring is retired after its unlinking, and we were pinned before we read the
            // link to this one. The last ring of all is freed with the shard or by its owner.
            let Some(ring) = (unsafe { at.as_ref() }) else {
                return Steal::Empty;
            };
            // `next` is looked at before the ring is: if there is one, then nothing was pushed
            // after, and a ring found empty stays so. Acquire: pairs with the Release of `grow`,
            // for the next ring's memory and for the last push to this one.
            let next = ring.next.load(Acquire);
            // bug: next ring looked at too late
            match ring.steal(into) {
                // bug: ring shrunk away while it is not alone
                Steal::Empty if next.is_null() => return Steal::Empty,
                Steal::Empty => {}
                // bug: a ring with something in it is unlinked
                found => return found,
            }
            // Release: `next` goes on to threads that read it here. Acquire pairs with the same
            // by whoever was quicker.
            // bug: early free
            match self.tail.compare_exchange(at, next, Release, Acquire) {
                // SAFETY: unlinked by us alone, hence retired once.
                Ok(_) => unsafe {
                    guard.retire(at);
                    at = next;
                },
                Err(now) => at = now,
            }
        }
    }

    /// Sets right what threads that are no more have left half done: see [`Ring::mend`].
    ///
    /// # Safety
    ///
    /// As for [`Ring::mend`].
    pub(crate) unsafe fn mend(&self) {
        let (mut last, mut at) = (ptr::null_mut(), self.tail.load(Relaxed));
        // SAFETY: what is linked is not retired, and nobody else is here.
        while let Some(ring) = unsafe { at.as_ref() } {
            // SAFETY: the caller's promise.
            unsafe { ring.mend() };
            last = at;
            at = ring.next.load(Relaxed);
        }
        let head = self.head.load(Relaxed);
        if head != last {
            self.head.store(last, Relaxed);
            // SAFETY: a ring that its owner had yet to link: empty, and seen by nobody.
            drop(unsafe { Box::from_raw(head) });
        }
    }

    /// How many objects there are, when nobody is at work.
    pub(crate) fn len(&self) -> usize {
        // bug: counting without a grace period
        let _guard = pin();
        let mut len = 0;
        let mut at = self.tail.load(Acquire);
        // SAFETY: as in `steal`.
        while let Some(ring) = unsafe { at.as_ref() } {
            ring.live_check().check();
            len += ring.len();
            at = ring.next.load(Acquire);
        }
        len
    }
}

/// The owner's side of a chain: neither `Send` nor `Sync`.
pub(crate) struct ChainHead<'a, T>(&'a Chain<T>, PhantomData<*mut ()>);

impl<T> ChainHead<'_, T> {
    /// The newest ring. The owner's alone, hence Relaxed; never retired but by the owner.
    fn ring(&self) -> Option<&Ring<T>> {
        // SAFETY: thieves unlink rings that have a `next`, and this one has none.
        unsafe { self.0.head.load(Relaxed).as_ref() }
    }

    /// Pushes the batch, as far as there is room in the newest ring.
    pub(crate) fn push(&self, batch: &[*mut ObjectCell<T>]) -> Push {
        let Some(ring) = self.ring() else {
            return Push::Grow { pushed: 0, slots: FIRST_SLOTS };
        };
        // SAFETY: the owner of the chain owns its newest ring.
        let pushed = unsafe { ring.head() }.push(batch);
        if pushed == batch.len() {
            return Push::Done;
        }
        // bug: rings do not double
        let slots = ring.slots() * 2;
        // A ring that is full by its indices is too small; one with room is waiting for a thief.
        if ring.len() == ring.slots() && slots <= MAX_SLOTS {
            Push::Grow { pushed, slots }
        } else {
            Push::Full { pushed }
        }
    }

    /// Links a new, empty ring, which is pushed to from now on.
    pub(crate) fn grow(&self, ring: Box<Ring<T>>) {
        let new = Box::into_raw(ring);
        let link = match self.ring() {
            Some(old) => &old.next,
            None => &self.0.tail,
        };
        self.0.head.store(new, Relaxed);
        // Release: pairs with the Acquire of whoever walks here.
        // bug: ring linked without release
        link.store(new, Release);
    }

    /// Pops up to `into.len()` objects of the newest ring, the newest last.
    pub(crate) fn pop(&self, into: &mut [*mut ObjectCell<T>]) -> usize {
        // SAFETY: the owner of the chain owns its newest ring.
        self.ring().map_or(0, |ring| unsafe { ring.head() }.pop(into))
    }

    /// The slots of the newest ring.
    pub(crate) fn slots(&self) -> usize {
        self.ring().map_or(0, Ring::slots)
    }

    /// Whether there is no ring but the newest: a look that finds nothing there finds nothing at all.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.tail.load(Relaxed) == self.0.head.load(Relaxed)
    }

    /// Gives up the last ring of a chain that is empty, if it is the only one.
    pub(crate) fn shrink(&self) {
        let ring = self.0.head.load(Relaxed);
        // bug: shrunk though not alone
        if ring.is_null() || !self.is_alone() {
            return;
        }
        debug_assert_eq!(self.0.len(), 0);
        let guard = pin();
        self.0.head.store(ptr::null_mut(), Relaxed);
        // Relaxed: a null leads nowhere. Thieves leave this link alone while `next` is null.
        self.0.tail.store(ptr::null_mut(), Relaxed);
        // SAFETY: unlinked, by us alone.
        unsafe { guard.retire(ring) };
    }
}

impl<T> Drop for Chain<T> {
    /// Frees the rings. The objects are gone by now.
    fn drop(&mut self) {
        debug_assert_eq!(self.len(), 0);
        let mut at = self.tail.load(Relaxed);
        while !at.is_null() {
            // SAFETY: nobody else is here, and every linked ring came from a `Box`.
            // bug: rings left behind
            let ring = unsafe { Box::from_raw(at) };
            at = ring.next.load(Relaxed);
        }
    }
}
