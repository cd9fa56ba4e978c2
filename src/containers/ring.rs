//! The ring: a fixed array of slots. One owner pushes and pops at its head, and any number of
//! thieves take at its tail.
//!
//! The protocol is that of Go's `poolDequeue` (`src/sync/poolqueue.go`), but it moves batches
//! instead of single objects. *Claim, then read*: a slot belongs to the thread that moved an index
//! past it with a compare-exchange, and only then does that thread read it. So there is no
//! speculative read to validate. If an old value of the indices recurs (ABA), an exchange that
//! succeeds still claims exactly the slots that the value names.

use std::ptr;

use super::cell::ObjectCell;
use crate::{
    sync::{
        Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, UseAfterFreeCheck, reclaim::Reclaimed,
        spin_loop,
    },
    util::try_alloc::{try_box, try_slice},
};

/// The indices are the halves of one word. The head is the high half, so that its carry falls
/// off the word. With words of 32 bits they wrap every 65,536 objects: tests begin just below that.
const HALF: u32 = usize::BITS / 2;
const TAIL: usize = (1 << HALF) - 1;

/// The most slots that a ring may have: a quarter of the values of an index.
pub(crate) const MAX_SLOTS: usize = 1 << (HALF - 2);

/// How often a thief tries to claim slots of a ring before it reports [`Steal::Busy`].
const TRIES: usize = 3;

/// The result of a steal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steal {
    /// The thief took this number of objects, at least one, the oldest first.
    Got(usize),
    /// The ring was empty at some instant of the call.
    Empty,
    /// Other threads changed the indices during each attempt.
    Busy,
}

/// A ring whose number of slots is a power of two.
///
/// The slots in `[tail, head)` are full and can be claimed. A thief owns the slots that it has
/// claimed until it has set them to null, and the owner of the ring pushes to a slot only if it is
/// null. So a ring never keeps a pointer to an object that has left it.
///
/// The indices change hands all the time, so they share no cache line with what one thread uses.
#[repr(align(128))]
pub(crate) struct Ring<T> {
    /// `head << HALF | tail`. Both indices count up and wrap; index `i` means slot `i & (len - 1)`.
    indices: AtomicUsize,
    /// The next newer ring of the chain. The owner changes it from null to a ring, once.
    pub(crate) next: AtomicPtr<Ring<T>>,
    live_check: UseAfterFreeCheck,
    slots: Box<[AtomicPtr<ObjectCell<T>>]>,
}

/// The slots of a ring, their address and number loaded once. If they were read from the ring each
/// time, the compiler would reload them after each store to a slot, which it could not tell from a
/// store to the ring.
struct Slots<'a, T>(&'a [AtomicPtr<ObjectCell<T>>]);

impl<'a, T> Slots<'a, T> {
    #[inline(always)]
    fn at(&self, index: usize) -> &'a AtomicPtr<ObjectCell<T>> {
        // SAFETY: the number of slots is a power of two, so the mask yields an index below it.
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

/// Returns the number of indices from `tail` up to `head`, both of which wrap.
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
    /// Returns a ring with `slots` slots (a power of two), or `None` if there is no memory for it.
    pub(crate) fn try_new(slots: usize) -> Option<Box<Self>> {
        Self::starting_at(slots, 0)
    }

    /// As `try_new`, but both indices start at `index`, so that tests can make them wrap.
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

    /// Returns the number of objects. It is exact only while no thread uses the ring.
    pub(crate) fn len(&self) -> usize {
        let (head, tail) = unpack(self.indices.load(Relaxed));
        distance(head, tail)
    }

    /// Repairs a ring in a child process after a fork: sets all slots outside `[tail, head)` to
    /// null, which other threads had claimed or begun to fill. The objects in them are leaked.
    ///
    /// # Safety
    ///
    /// No other thread uses the ring, and none will ever use slots that it had claimed.
    pub(crate) unsafe fn mend(&self) {
        let (head, tail) = unpack(self.indices.load(Relaxed));
        for index in distance(head, tail)..self.slots() {
            self.slot(tail.wrapping_add(index)).store(ptr::null_mut(), Relaxed);
        }
    }

    pub(crate) fn slot(&self, index: usize) -> &AtomicPtr<ObjectCell<T>> {
        Slots(&self.slots).at(index)
    }

    /// Returns the owner's side of the ring.
    ///
    /// # Safety
    ///
    /// There is one owner at a time, and each sees what its predecessor did.
    pub(crate) unsafe fn head(&self) -> RingHead<'_, T> {
        self.live_check.check();
        RingHead(self, std::marker::PhantomData)
    }

    /// Takes half of the objects, at least one and at most `into.len()`, the oldest first.
    ///
    /// The thief sees everything that happened before the push of each object that it takes.
    pub(crate) fn steal(&self, into: &mut [*mut ObjectCell<T>]) -> Steal {
        self.live_check.check();
        for _ in 0..TRIES {
            let indices = self.indices.load(Relaxed);
            let (head, tail) = unpack(indices);
            let len = distance(head, tail);
            if len == 0 {
                return Steal::Empty;
            }
            // bug: steal takes more than half
            let count = len.div_ceil(2).min(into.len());
            let claimed = pack(head, tail + count);
            // Acquire: pairs with the Release of `RingHead::push`. Read-modify-writes between the
            // two continue its release sequence.
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

    /// Moves objects from the slots from index `from` on to `into`, and sets the slots to null. The
    /// caller has claimed the slots.
    ///
    /// Relaxed: a slot is one location. An owner that reads the null stores to it later in the
    /// location's modification order, so the load here cannot read that store. The claim has
    /// ordered the objects.
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
    /// Pushes as many objects of `batch` as there is room for, in order. Returns how many.
    ///
    /// A slot that a thief has claimed but not yet emptied counts as full.
    pub(crate) fn push(&self, batch: &[*mut ObjectCell<T>]) -> usize {
        let ring = self.0;
        // Relaxed: only the owner changes the head, and an outdated tail only understates the room.
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
            // Release: pairs with the Acquire of `Ring::steal`, whose claim reads this value or a
            // later one; publishes slots and objects.
            // bug: lost publication
            ring.indices.fetch_add(count << HALF, Release);
        }
        count
    }

    /// Pops up to `into.len()` objects, the newest last. Returns how many.
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
            // Relaxed: the owner itself pushed the objects between the indices. Being a
            // read-modify-write, this exchange continues the release sequence of a push, so a thief
            // still synchronises with that push.
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
