//! The chain: a list of rings of growing size. The owner pushes and pops at the newest ring, and
//! thieves take from the oldest.
//!
//! Unlike in Go's `poolChain` (`src/sync/poolqueue.go`), links lead from old rings to new ones
//! only. An owner whose newest ring is empty takes from the older ones as a thief does, which also
//! unlinks spent rings. So an owner never walks a ring that another thread may be unlinking.

use std::{marker::PhantomData, ptr};

use super::{
    cell::ObjectCell,
    ring::{MAX_SLOTS, Ring, Steal},
};
use crate::sync::{
    Acquire, AtomicPtr, EpochGuard, Relaxed, Release, pin_epoch, reclaim::Reclaimed, test_size,
};

/// The slots of the first ring. Each further ring has twice as many as the one before.
pub(crate) const FIRST_SLOTS: usize = test_size(32, 2);

/// The overflow of one shard, for one generation.
///
/// Only the newest ring (`head`) is ever pushed to. Its `next` is null, and no other ring's is. A
/// ring that is empty and has a `next` stays empty: it is spent.
pub(crate) struct Chain<T> {
    /// The newest ring, or null. Only the owner uses it.
    head: AtomicPtr<Ring<T>>,
    /// The oldest ring, or null. The owner changes it from null to a ring; thieves then move it
    /// along `next`.
    tail: AtomicPtr<Ring<T>>,
}

// SAFETY: a chain owns its objects and hands each to one thread; threads share rings by atomics
// only.
unsafe impl<T: Send> Send for Chain<T> {}
// SAFETY: as above; no `&T` is ever created.
unsafe impl<T: Send> Sync for Chain<T> {}

/// The result of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// The whole batch was pushed.
    Done,
    /// The first `pushed` objects were pushed. The rest needs a new ring with `slots` slots.
    Grow { pushed: usize, slots: usize },
    /// The first `pushed` objects were pushed. There is no room for the rest now, and a new ring is
    /// not needed or not possible: a thief has yet to empty the slots that it has claimed, or the
    /// newest ring has the maximum size.
    Full { pushed: usize },
}

impl<T> Chain<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), tail: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns whether the chain has a ring. If not, it is empty.
    pub(crate) fn has_ring(&self) -> bool {
        !self.tail.load(Relaxed).is_null()
    }

    /// Returns the owner's side of the chain.
    ///
    /// # Safety
    ///
    /// There is one owner at a time, and each sees what its predecessor did.
    pub(crate) unsafe fn head(&self) -> ChainHead<'_, T> {
        ChainHead(self, PhantomData)
    }

    /// Takes up to half of the objects in the oldest ring that is not empty, at most `into.len()`.
    pub(crate) fn steal(&self, into: &mut [*mut ObjectCell<T>]) -> Steal {
        // Most chains have never held anything.
        if !self.has_ring() {
            return Steal::Empty;
        }
        // bug: missed grace period; missed grace period, with crossbeam-epoch
        let guard = pin_epoch();
        // Acquire: pairs with the Release of `ChainHead::grow` or `unlink`, for the
        // ring's memory.
        let mut at = self.tail.load(Acquire);
        loop {
            // SAFETY: a ring is retired after it is unlinked, and this thread was pinned before it
            // read the link to this one. The newest ring is freed with the shard, or retired by its
            // owner.
            let Some(ring) = (unsafe { at.as_ref() }) else {
                return Steal::Empty;
            };
            // `next` is read before the ring is looked into. If it is not null, no push to this
            // ring comes after the read, so a ring found empty stays empty. Acquire: pairs with the
            // Release of `ChainHead::grow`, for the next ring's memory and for the last push to
            // this one.
            let next = ring.next.load(Acquire);
            // bug: next ring read after the steal
            match ring.steal(into) {
                // bug: ring shrunk away while it is not alone
                Steal::Empty if next.is_null() => return Steal::Empty,
                Steal::Empty => {}
                // bug: a ring with something in it is unlinked
                found => return found,
            }
            at = self.unlink(at, next, &guard);
        }
    }

    /// Unlinks and retires the spent ring `at`, whose next ring is `next`, unless another thief has
    /// done so. Returns the oldest ring that is left.
    fn unlink(&self, at: *mut Ring<T>, next: *mut Ring<T>, guard: &EpochGuard) -> *mut Ring<T> {
        // Release: pairs with the Acquire loads of `tail`, and with the Acquire here, in threads that
        // read `next`. Acquire on failure: pairs with this Release in the thief that has moved the
        // tail first.
        // bug: ring retired before it is unlinked
        match self.tail.compare_exchange(at, next, Release, Acquire) {
            Ok(_) => {
                // SAFETY: the exchange unlinked the ring, and only one succeeds: it is retired once.
                unsafe { guard.retire(at) };
                next
            }
            Err(now) => now,
        }
    }

    /// Repairs a chain in a child process after a fork, where other threads' operations ended half
    /// done: see [`Ring::mend`].
    ///
    /// # Safety
    ///
    /// As for [`Ring::mend`].
    pub(crate) unsafe fn mend(&self) {
        let (mut last, mut at) = (ptr::null_mut(), self.tail.load(Relaxed));
        // SAFETY: a linked ring is not retired, and no other thread uses the chain.
        while let Some(ring) = unsafe { at.as_ref() } {
            // SAFETY: the caller's promise.
            unsafe { ring.mend() };
            last = at;
            at = ring.next.load(Relaxed);
        }
        let head = self.head.load(Relaxed);
        if head != last {
            self.head.store(last, Relaxed);
            // SAFETY: `head` is a ring that its owner had not linked yet: it is empty, and no other
            // thread has seen it.
            drop(unsafe { Box::from_raw(head) });
        }
    }

    /// Returns the number of objects. It is exact only while no thread uses the chain.
    pub(crate) fn len(&self) -> usize {
        // Most chains have never held anything.
        if self.tail.load(Relaxed).is_null() {
            return 0;
        }
        // bug: counting without a grace period
        let _guard = pin_epoch();
        let mut len = 0;
        // Acquire: as in `steal`.
        let mut at = self.tail.load(Acquire);
        // SAFETY: as in `steal`.
        while let Some(ring) = unsafe { at.as_ref() } {
            ring.live_check().check();
            len += ring.len();
            // Acquire: pairs with the Release of `ChainHead::grow`, for the next ring's memory.
            at = ring.next.load(Acquire);
        }
        len
    }
}

/// The owner's side of a chain: neither `Send` nor `Sync`.
pub(crate) struct ChainHead<'a, T>(&'a Chain<T>, PhantomData<*mut ()>);

impl<T> ChainHead<'_, T> {
    /// Returns the newest ring. Relaxed: only the owner stores `head`.
    pub(crate) fn ring(&self) -> Option<&Ring<T>> {
        // SAFETY: thieves unlink only rings that have a `next`, and this one has none. The owner
        // alone retires it.
        unsafe { self.0.head.load(Relaxed).as_ref() }
    }

    /// Pushes as many objects of `batch` as the newest ring has room for, in order.
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
        // A ring that is full by its indices is too small. One that has room by its indices waits
        // for a thief to empty the slots that it has claimed.
        if ring.len() == ring.slots() && slots <= MAX_SLOTS {
            Push::Grow { pushed, slots }
        } else {
            Push::Full { pushed }
        }
    }

    /// Links `ring`, which is empty. All later pushes go to it.
    pub(crate) fn grow(&self, ring: Box<Ring<T>>) {
        let new = Box::into_raw(ring);
        let link = match self.ring() {
            Some(old) => &old.next,
            None => &self.0.tail,
        };
        self.0.head.store(new, Relaxed);
        // Release: pairs with the Acquire loads of `tail` and `next` in `Chain::steal` and
        // `Chain::len`.
        // bug: ring linked without release
        link.store(new, Release);
    }

    /// Pops up to `into.len()` objects of the newest ring, the newest last. Returns how many.
    pub(crate) fn pop(&self, into: &mut [*mut ObjectCell<T>]) -> usize {
        // SAFETY: the owner of the chain owns its newest ring.
        self.ring().map_or(0, |ring| unsafe { ring.head() }.pop(into))
    }

    /// Returns the number of objects in the newest ring.
    pub(crate) fn len(&self) -> usize {
        self.ring().map_or(0, Ring::len)
    }

    /// Returns the number of slots of the newest ring, or 0 if there is none.
    pub(crate) fn slots(&self) -> usize {
        self.ring().map_or(0, Ring::slots)
    }

    /// Returns whether the chain holds nothing, and has no spent rings.
    pub(crate) fn is_empty(&self) -> bool {
        // bug: ring with objects freed
        self.is_alone() && self.ring().is_none_or(|ring| ring.len() == 0)
    }

    /// Returns whether the chain has no ring but the newest. If so, the chain is empty when that
    /// ring is.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.tail.load(Relaxed) == self.0.head.load(Relaxed)
    }

    /// Retires the ring of an empty chain, if it has exactly one.
    pub(crate) fn shrink(&self) {
        let ring = self.0.head.load(Relaxed);
        // bug: shrunk though not alone
        if ring.is_null() || !self.is_alone() {
            return;
        }
        debug_assert_eq!(self.0.len(), 0);
        let guard = pin_epoch();
        self.0.head.store(ptr::null_mut(), Relaxed);
        // Relaxed: a thread that reads null follows no pointer. Thieves do not change `tail` while
        // the ring's `next` is null.
        self.0.tail.store(ptr::null_mut(), Relaxed);
        // SAFETY: unlinked above; no other thread unlinks the newest ring.
        unsafe { guard.retire(ring) };
    }
}

impl<T> Drop for Chain<T> {
    /// Frees the rings, which are empty by now.
    fn drop(&mut self) {
        let mut at = self.tail.load(Relaxed);
        while !at.is_null() {
            // SAFETY: `&mut self`, and every linked ring came from a `Box`.
            // bug: rings leaked with their chain
            let ring = unsafe { Box::from_raw(at) };
            debug_assert_eq!(ring.len(), 0);
            at = ring.next.load(Relaxed);
        }
    }
}
