//! One seat: its id, and the handshake that says whether its owner may use the shards.
//!
//! A seat is an exclusive, dense, process-wide id, held by one thread at a time. A thread takes the
//! lowest free one at its first use of any pool and gives it back at its exit. The id passes to the
//! next thread through a lock, so that this thread sees what its predecessor did to the shards.
//!
//! # Pin against claim
//!
//! ```text
//! owner      pinned = 1;        light;  gate open?    use the shard;            pinned = 0
//! collector  gate |= CLAIMED;   heavy;  pinned == 0?  use the seat's shards;    open the gate
//! ```
//!
//! * If the owner's store comes before the heavy fence, the collector sees the seat pinned.
//! * If the heavy fence comes first, the owner sees the gate closed.
//!
//! There is no third case, so one of the two stands back. `pinned = 0` and the opening of the gate
//! are Release stores, and their readers are Acquire: each side sees what the other did to the
//! shards.
//!
//! An owner that finds the gate claimed marks it `ACKNOWLEDGED`. From then on it cannot find the
//! gate open before the collector opens it, because a thread that has read a value of a location
//! never reads an older one (coherence). So if all owners acknowledge in time, the collector leaves
//! out the heavy fence, which interrupts every running thread of the process.
//!
//! If a seat stays pinned (its thread has lost the processor inside the pin), the collector skips
//! it and marks it `LATE`. Its owner finds the mark at the next pin and does the collector's work
//! itself, unless a later collect of all pools has done it.

use super::{buckets::locate, fence::FenceKind};
use crate::{
    sync::{
        Acquire, AtomicBool, AtomicU32, LightFence, Relaxed, Release, SeqCst, fence, spin_loop,
        test_size,
    },
    util::{likely::likely, xorshift},
};

/// The gate is open: the owner may use its shards.
const OPEN: u32 = 0;
/// The fences are symmetric: the owner must run a SeqCst fence between its store of `pinned` and
/// its load of the gate.
const FENCED: u32 = 1;
/// A collector has claimed the seat.
const CLAIMED: u32 = 2;
/// A collector has skipped this seat, and its work on the seat's shards has not been done since.
const LATE: u32 = 4;
/// The collector that has claimed the seats now has skipped this one.
const SKIPPED: u32 = 8;

/// The owner has seen the present claim.
const ACKNOWLEDGED: u32 = 16;

/// How often a collector checks whether a pinned seat is unpinned. An owner that is running unpins
/// within nanoseconds; the wait for one that is not could be long.
const UNPIN_SPINS: usize = test_size(200, 1);

/// One seat, on cache lines of its own, because its owner writes to it on every operation.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Seat {
    /// Whether the owner is inside a pin.
    pinned: AtomicBool,
    gate: AtomicU32,
    pub(crate) id: usize,
    /// The segment, in every pool, that holds the seat's shard.
    pub(crate) segment: usize,
    /// The shard's index in that segment.
    pub(crate) index: usize,
    /// The state of a random generator, which says where the owner's next search starts.
    random: AtomicU32,
    light_fence: LightFence,
}

impl Seat {
    pub(crate) fn new(id: usize, fence_kind: FenceKind) -> Self {
        let (segment, index) = locate(id, 1);
        let gate = match fence_kind {
            FenceKind::Asymmetric => OPEN,
            FenceKind::Symmetric => FENCED,
        };
        Self {
            pinned: AtomicBool::new(false),
            gate: AtomicU32::new(gate),
            id,
            segment,
            index,
            random: AtomicU32::new(id as u32 + 1),
            light_fence: LightFence::new(fence_kind == FenceKind::Asymmetric),
        }
    }

    /// Pins the seat: the owner may use the seat's shards until it drops the `Pin`. No user code
    /// may run until then.
    ///
    /// Returns `None` while a collector has claimed the seat, while the seat is late, and always if
    /// the fences are symmetric. [`pin`](Self::pin) may still succeed then.
    ///
    /// # Safety
    ///
    /// The calling thread holds the seat, and has no other `Pin`.
    #[inline(always)]
    pub(crate) unsafe fn pin_fast(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        // Acquire: pairs with the Release of `Seat::open`.
        // bug: gate read without acquire
        likely(self.gate.load(Acquire) == OPEN).then_some(pin)
    }

    /// Pins the seat, as `pin_fast` does, but also works with symmetric fences. Acknowledges the
    /// claim if there is one.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    pub(crate) unsafe fn pin(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        if self.gate.load(Relaxed) & FENCED != 0 {
            // SeqCst: the owner's side of the symmetric fence. Pairs with `FenceKind::heavy`.
            // bug: missing symmetric fence, owner
            fence(SeqCst);
        }
        // Acquire: pairs with the Release of `Seat::open`.
        // bug: gate read without acquire, after a fence; late seat used by its owner
        if self.gate.load(Acquire) & !FENCED == OPEN {
            return Some(pin);
        }
        drop(pin);
        self.acknowledge_claim();
        None
    }

    /// Marks the gate, if it is claimed, so that the collector knows that the owner has seen the
    /// claim.
    #[cold]
    fn acknowledge_claim(&self) {
        // Only while the gate is claimed: after the claim no collector would clear the mark.
        // bug: acknowledgement of a claim that has ended
        let seen = |gate| (gate & CLAIMED != 0).then_some(gate | ACKNOWLEDGED);
        // Release: pairs with the Acquire of `has_acknowledged`, so that the collector sees what
        // the owner did to its shards.
        // bug: acknowledgement without release
        let _ = self.gate.fetch_update(Release, Relaxed, seen);
    }

    /// Returns whether the owner has acknowledged the claim.
    pub(crate) fn has_acknowledged(&self) -> bool {
        // Acquire: pairs with the Release of `acknowledge_claim`.
        // bug: acknowledgement read without acquire
        self.gate.load(Acquire) & ACKNOWLEDGED != 0
    }

    /// The owner's half of the handshake, up to the load of the gate: stores `pinned` and runs the
    /// light fence.
    #[inline(always)]
    fn announce(&self) -> Pin<'_> {
        // Relaxed: the light fence orders it.
        self.pinned.store(true, Relaxed);
        // bug: missing light fence
        self.light_fence.light();
        Pin(self)
    }

    /// Returns whether the owner is inside a pin.
    #[cfg(corepool_test_hooks)]
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.load(Relaxed)
    }

    /// Returns whether the seat is late and no collector has claimed it now.
    #[inline]
    pub(crate) fn is_late(&self) -> bool {
        self.gate.load(Relaxed) & (LATE | CLAIMED) == LATE
    }

    /// Opens the gate of a late seat, whose owner has caught up. The caller holds the registry's
    /// lock.
    pub(crate) fn caught_up(&self) {
        self.open(0);
    }

    /// Opens the gate: clears all its bits except `FENCED` and those in `keep`. The caller holds
    /// the registry's lock.
    fn open(&self, keep: u32) {
        // Release: pairs with the Acquire of `pin` and `pin_fast`, so that the owner sees what the
        // collector did to its shards.
        // bug: gate opened without release
        self.gate.fetch_and(FENCED | keep, Release);
    }

    /// Claims the seat: the collector's half of the handshake, up to the heavy fence.
    ///
    /// # Safety
    ///
    /// There is one collector at a time, and it calls [`release`](Self::release) in the end.
    pub(crate) unsafe fn claim(&self) {
        // Relaxed: the heavy fence orders it.
        self.gate.fetch_or(CLAIMED, Relaxed);
    }

    /// The collector's half of the handshake after the heavy fence: waits for a bounded time until
    /// the owner has unpinned. If it has not, marks the seat as skipped and late.
    pub(crate) fn wait_until_unpinned(&self) {
        // bug: endless wait for an unpin
        let reached = (0..UNPIN_SPINS).any(|_| {
            // Acquire: pairs with the Release of `Pin::drop`.
            // bug: claim does not see the unpin
            let reached = !self.pinned.load(Acquire);
            if !reached {
                spin_loop();
            }
            reached
        });
        // bug: late seat used
        if !reached {
            self.skip();
        }
    }

    /// Marks the seat as skipped by the collector that has claimed it, and late.
    pub(crate) fn skip(&self) {
        self.gate.fetch_or(SKIPPED | LATE, Relaxed);
    }

    /// Returns whether the collector that has claimed the seat may use its shards: it has not
    /// skipped the seat.
    pub(crate) fn is_reached(&self) -> bool {
        self.gate.load(Relaxed) & SKIPPED == 0
    }

    /// Ends a claim. Opens the gate, but not that of a late seat, unless the collector has reached
    /// the seat and its claim was for `all` pools.
    pub(crate) fn release(&self, all: bool) {
        // bug: late mark forgotten; late mark lost to a trim
        self.open(if all && self.is_reached() { 0 } else { LATE });
    }

    /// Resets the seat in a child process, where its owner does not exist: it is not pinned, late
    /// or skipped.
    pub(crate) fn reset_after_fork(&self) {
        self.pinned.store(false, Relaxed);
        self.gate.fetch_and(FENCED | CLAIMED, Relaxed);
    }

    /// Returns the next number of the seat's xorshift sequence. Only the owner calls this.
    pub(crate) fn random(&self) -> u32 {
        let random = xorshift::next(self.random.load(Relaxed));
        self.random.store(random, Relaxed);
        random
    }
}

/// A pin: the seat's owner may use the seat's shards until it drops this.
#[derive(Debug)]
pub(crate) struct Pin<'a>(&'a Seat);

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `wait_until_unpinned`, so that a collector sees what
        // the owner did to its shards.
        // bug: unpin without release
        self.0.pinned.store(false, Release);
    }
}
