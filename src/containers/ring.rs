//! The ring: a fixed array of slots, pushed and popped at its head by one owner and emptied at its
//! tail by any number of thieves.
//!
//! The protocol is that of Go's `poolDequeue` (`src/sync/poolqueue.go`), moving batches instead of
//! single objects. *Claim, then read*: a slot belongs to whoever moved an index past it with a
//! compare-exchange, and only then is it looked at. So there is no speculative read to validate,
//! and an old index that comes round again (ABA) claims exactly what it says.

use std::ptr;

use super::cell::ObjectCell;
use crate::{
    sync::{
        Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, UseAfterFreeCheck, reclaim::Reclaimed,
        spin_loop,
    },
    util::try_alloc::{try_box, try_slice},
};

/// The indices are the halves of one word: the head in the high half, so that its overflow is lost.
const HALF: u32 = usize::BITS / 2;
const TAIL: usize = (1 << HALF) - 1;

/// The most slots of a ring: a quarter of what an index can count.
pub(crate) const MAX_SLOTS: usize = 1 << (HALF - 2);

/// How often a thief tries a ring on which others are at work.
const TRIES: usize = 3;

/// What a thief came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steal {
    /// So many objects, the oldest first. Never zero.
    Got(usize),
    /// There was an instant at which there was nothing.
    Empty,
    /// Others were quicker.
    Busy,
}

/// A fixed ring of a power of two of slots.
///
/// The slots in `[tail, head)` are full and belong to whoever claims them. A thief goes on owning
/// the slots that it has claimed until it has set them to null, and the owner of the ring pushes to
/// a slot only if it is null. So a ring never keeps a pointer to an object that has left it.
pub(crate) struct Ring<T> {
    /// `head << HALF | tail`, each counting up for ever; slot `i & (len - 1)` is that of index `i`.
    indices: AtomicUsize,
    /// The next newer ring of the chain. From null to a ring once, by the owner.
    pub(crate) next: AtomicPtr<Ring<T>>,
    live_check: UseAfterFreeCheck,
    slots: Box<[AtomicPtr<ObjectCell<T>>]>,
}

/// The slots, found once and for all: a store to one of them might be to the ring, for all that the
/// compiler knows.
struct Slots<'a, T>(&'a [AtomicPtr<ObjectCell<T>>]);

impl<'a, T> Slots<'a, T> {
    #[inline(always)]
    fn at(&self, index: usize) -> &'a AtomicPtr<ObjectCell<T>> {
        // SAFETY: the number of slots is a power of two, hence not zero.
        unsafe { self.0.get_unchecked(index & (self.0.len() - 1)) }
    }
}

fn pack(head: usize, tail: usize) -> usize {
    // bug: tail runs into the head
    head << HALF | tail & TAIL
}

fn unpack(indices: usize) -> (usize, usize) {
    (indices >> HALF, indices & TAIL)
}

/// How many indices lie between the two, given that they wrap.
fn distance(head: usize, tail: usize) -> usize {
    // bug: indices do not wrap
    head.wrapping_sub(tail) & TAIL
}

impl<T> Reclaimed for Ring<T> {
    fn live_check(&self) -> &UseAfterFreeCheck {
        &self.live_check
    }
}

impl<T> Ring<T> {
    /// A ring of so many slots (a power of two), or `None` if there is no memory for it.
    pub(crate) fn try_new(slots: usize) -> Option<Box<Self>> {
        Self::starting_at(slots, 0)
    }

    /// As `try_new`, the indices starting at `index` so that tests can have them wrap.
    pub(crate) fn starting_at(slots: usize, index: usize) -> Option<Box<Self>> {
        debug_assert!(slots.is_power_of_two() && slots <= MAX_SLOTS);
        try_box(Self {
            indices: AtomicUsize::new(pack(index, index)),
            next: AtomicPtr::new(ptr::null_mut()),
            live_check: UseAfterFreeCheck::new(),
            // bug: ring that must have memory
            slots: try_slice(slots, |_| AtomicPtr::new(ptr::null_mut()))?,
        })
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many objects there are, when nobody is at work.
    pub(crate) fn len(&self) -> usize {
        let (head, tail) = unpack(self.indices.load(Relaxed));
        distance(head, tail)
    }

    /// Sets slots to null that threads which are no more have claimed or begun to fill. What was in
    /// them is lost.
    ///
    /// # Safety
    ///
    /// Nobody else is at work, nor ever will be with what it had claimed.
    pub(crate) unsafe fn mend(&self) {
        let (head, tail) = unpack(self.indices.load(Relaxed));
        for index in distance(head, tail)..self.slots() {
            self.slot(tail.wrapping_add(index)).store(ptr::null_mut(), Relaxed);
        }
    }

    pub(crate) fn slot(&self, index: usize) -> &AtomicPtr<ObjectCell<T>> {
        Slots(&self.slots).at(index)
    }

    /// The owner's side.
    ///
    /// # Safety
    ///
    /// There is one owner at a time, and each sees what the one before it did.
    pub(crate) unsafe fn head(&self) -> RingHead<'_, T> {
        self.live_check.check();
        RingHead(self, std::marker::PhantomData)
    }

    /// Takes half of the objects, one at least and `into.len()` at most, the oldest first.
    ///
    /// Whoever takes an object sees all that its `put` and the owner's push did before.
    pub(crate) fn steal(&self, into: &mut [*mut ObjectCell<T>]) -> Steal {
        self.live_check.check();
        for _ in 0..TRIES {
            let indices = self.indices.load(Relaxed);
            let (head, tail) = unpack(indices);
            let len = distance(head, tail);
            if len == 0 {
                return Steal::Empty;
            }
            // bug: half of one too many
            let count = len.div_ceil(2).min(into.len());
            let claimed = pack(head, tail + count);
            // Acquire: pairs with the Release of `RingHead::push`, whatever read-modify-writes came
            // between the two.
            // bug: claim without acquire; double steal; slot read before the claim (ABA)
            let claim = self.indices.compare_exchange(indices, claimed, Acquire, Relaxed);
            if claim.is_ok() {
                // bug: thief keeps the slot
                self.take_slots(tail, &mut into[..count]);
                return Steal::Got(count);
            }
            spin_loop();
        }
        Steal::Busy
    }

    /// Takes the objects out of the slots from index `from` on. The caller has claimed the slots.
    ///
    /// Relaxed: a slot is one location, so that an owner which reads the null writes after our read in
    /// the location's modification order. The objects are ours by the claim.
    #[inline]
    fn take_slots(&self, from: usize, into: &mut [*mut ObjectCell<T>]) {
        let slots = Slots(&self.slots);
        for (i, place) in into.iter_mut().enumerate() {
            let slot = slots.at(from + i);
            *place = slot.load(Relaxed);
            slot.store(ptr::null_mut(), Relaxed);
        }
    }
}

/// The owner's side of a ring: neither `Send` nor `Sync`.
pub(crate) struct RingHead<'a, T>(&'a Ring<T>, std::marker::PhantomData<*mut ()>);

impl<T> RingHead<'_, T> {
    /// Pushes as much of `batch` as there is room for, in order, and tells how much that was.
    ///
    /// A slot that a thief has claimed but not yet emptied counts as full.
    pub(crate) fn push(&self, batch: &[*mut ObjectCell<T>]) -> usize {
        let ring = self.0;
        // Relaxed: the head is our own, and a tail that is out of date makes the room look smaller.
        let (head, tail) = unpack(ring.indices.load(Relaxed));
        let slots = Slots(&ring.slots);
        let room = (slots.0.len() - distance(head, tail)).min(batch.len());
        let mut count = 0;
        while count < room {
            let slot = slots.at(head.wrapping_add(count));
            // bug: push over a slot that is not handed back
            if !slot.load(Relaxed).is_null() {
                break;
            }
            slot.store(batch[count], Relaxed);
            count += 1;
        }
        if count > 0 {
            // Release: publishes slots and objects to the thief whose claim reads this or a later
            // value.
            // bug: lost publication
            ring.indices.fetch_add(count << HALF, Release);
        }
        count
    }

    /// Pops up to `into.len()` objects, the newest last, and tells how many.
    pub(crate) fn pop(&self, into: &mut [*mut ObjectCell<T>]) -> usize {
        let ring = self.0;
        let mut indices = ring.indices.load(Relaxed);
        loop {
            let (head, tail) = unpack(indices);
            let count = distance(head, tail).min(into.len());
            if count == 0 {
                return 0;
            }
            // bug: head not wrapped
            let head = head.wrapping_sub(count) & TAIL;
            // Relaxed: what lies between the indices we pushed ourselves, and being a
            // read-modify-write this does not come between a push and a thief.
            // bug: pop without a claim
            match ring.indices.compare_exchange_weak(indices, pack(head, tail), Relaxed, Relaxed) {
                Ok(_) => {
                    // bug: owner keeps the slot
                    ring.take_slots(head, &mut into[..count]);
                    return count;
                }
                Err(now) => indices = now,
            }
        }
    }
}
