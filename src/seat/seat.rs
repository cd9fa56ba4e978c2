//! Seats: who am I, and may I touch my shard?
//!
//! A seat is an exclusive, dense, process-wide id, held by one thread at a time. A thread takes the
//! lowest free one at its first use of any pool and gives it back at its exit; the id then passes to
//! the next thread through a lock, so that the shards' contents pass over safely.
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
//! There is no third case: one of the two stands back. `pinned = 0` and the opening of the gate are
//! Release stores, and their readers Acquire, so that each sees what the other did to the shards.
//!
//! An owner that has found the gate claimed marks it SEEN. From then on it cannot find it open before
//! the collector opens it, since no thread sees a location go back. So if all owners do that in time
//! there is no need for the heavy fence, which interrupts every running thread of the process.
//!
//! A seat that stays pinned (its thread has lost the processor just there) is passed over and
//! marked LATE. Its owner finds the mark at the next pin and does the collector's work itself,
//! unless a later collect of all pools has done it.

use super::{buckets::locate, fence::FenceKind};
use crate::{
    sync::{
        Acquire, AtomicBool, AtomicU32, LightFence, Relaxed, Release, SeqCst, fence, spin_loop,
        test_size,
    },
    util::{likely::likely, xorshift},
};

/// The gate, if nothing stands in the owner's way.
const OPEN: u32 = 0;
/// The fences are symmetric: the owner must run one before it trusts the gate.
const FENCED: u32 = 1;
/// A collector is at work.
const CLAIMED: u32 = 2;
/// A collector has passed this seat over, and nobody has done its work since.
const LATE: u32 = 4;
/// The collector that is at work has passed this seat over.
const SKIPPED: u32 = 8;

/// The owner has seen the claim of the collector that is at work.
const ACKNOWLEDGED: u32 = 16;

/// How often a collector looks whether a pinned seat has become free. An owner that is running
/// unpins within nanoseconds; one that is not is not worth waiting for.
const UNPIN_SPINS: usize = test_size(200, 1);

/// One seat. On lines of its own, since its owner writes it on every operation.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Seat {
    /// The owner is using its shard.
    pinned: AtomicBool,
    gate: AtomicU32,
    pub(crate) id: usize,
    /// The segment of each pool that has the seat's shard, and the shard's index in it.
    pub(crate) segment: usize,
    pub(crate) index: usize,
    /// Where the owner's next search starts.
    random: AtomicU32,
    pub(crate) token: LightFence,
}

impl Seat {
    pub(crate) fn new(id: usize, strategy: FenceKind) -> Self {
        let (segment, index) = locate(id, 1);
        let gate = match strategy {
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
            token: LightFence::new(strategy == FenceKind::Asymmetric),
        }
    }

    /// The right to use the seat's shard, until the `Pin` goes. `None` while a collector has claimed
    /// the seat, while the seat is late, and always if fences are symmetric: then `pin` may do.
    ///
    /// No user code may run meanwhile.
    ///
    /// # Safety
    ///
    /// The calling thread holds the seat, and has no other `Pin`.
    #[inline(always)]
    pub(crate) unsafe fn pin_fast(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        // Acquire: pairs with the Release of `open`.
        // bug: gate read without acquire
        likely(self.gate.load(Acquire) == OPEN).then_some(pin)
    }

    /// As `pin_fast`, with a fence of its own if fences are symmetric.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    pub(crate) unsafe fn pin(&self) -> Option<Pin<'_>> {
        let pin = self.announce();
        if self.gate.load(Relaxed) & FENCED != 0 {
            // The light side where there is no asymmetric fence.
            // bug: missing symmetric fence, owner
            fence(SeqCst);
        }
        // Acquire: pairs with the Release of `open`.
        // bug: gate read without acquire, after a fence; late seat used by its owner
        if self.gate.load(Acquire) & !FENCED == OPEN {
            return Some(pin);
        }
        drop(pin);
        self.acknowledge_claim();
        None
    }

    /// Lets the collector that is at work, if one is, know that the owner has seen its claim.
    #[cold]
    fn acknowledge_claim(&self) {
        // Not if it is over: nobody would open the gate again.
        // bug: notice of a claim that is over
        let seen = |gate| (gate & CLAIMED != 0).then_some(gate | ACKNOWLEDGED);
        // Release: pairs with the Acquire of `has_acknowledged`, so that the collector sees what we did.
        // bug: notice without release
        let _ = self.gate.fetch_update(Release, Relaxed, seen);
    }

    /// Whether the owner has seen the claim, and says so.
    pub(crate) fn has_acknowledged(&self) -> bool {
        // Acquire: pairs with the Release of `acknowledge_claim`.
        // bug: notice read without acquire
        self.gate.load(Acquire) & ACKNOWLEDGED != 0
    }

    /// The owner's half of the handshake, up to its look at the gate.
    #[inline(always)]
    fn announce(&self) -> Pin<'_> {
        // Relaxed: the fence orders it.
        self.pinned.store(true, Relaxed);
        // bug: missing light fence
        self.token.light();
        Pin(self)
    }

    /// Whether the owner is inside a pin.
    #[cfg(corepool_test_hooks)]
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.load(Relaxed)
    }

    /// Whether a collector has passed the seat over, and nobody is at work now.
    #[inline]
    pub(crate) fn is_late(&self) -> bool {
        self.gate.load(Relaxed) & (LATE | CLAIMED) == LATE
    }

    /// Takes note that the late work is done. Under the lock that collectors hold.
    pub(crate) fn caught_up(&self) {
        self.open(0);
    }

    /// Opens the gate, but for the bits in `keep`. Under the lock that collectors hold.
    fn open(&self, keep: u32) {
        // Release: pairs with the Acquire of `pin`, so that the owner sees what was done for it.
        // bug: gate opened without release
        self.gate.fetch_and(FENCED | keep, Release);
    }

    /// The collector's half of the handshake, up to the heavy fence.
    ///
    /// # Safety
    ///
    /// There is one collector at a time, and it opens the gate again.
    pub(crate) unsafe fn claim(&self) {
        // Relaxed: the heavy fence orders it.
        self.gate.fetch_or(CLAIMED, Relaxed);
    }

    /// The collector's half of the handshake after the heavy fence: waits for a bounded time until
    /// the owner has unpinned. If that was in vain, the seat is missed.
    pub(crate) fn wait_until_unpinned(&self) {
        // bug: collector that waits for ever
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
            self.gate.fetch_or(SKIPPED | LATE, Relaxed);
        }
    }

    /// Whether the collector that has claimed the seat may use its shards.
    pub(crate) fn is_reached(&self) -> bool {
        self.gate.load(Relaxed) & SKIPPED == 0
    }

    /// Ends a claim. A late seat stays closed, unless the collector has reached it and done all of
    /// its work: that of every pool.
    pub(crate) fn release(&self, all: bool) {
        // bug: late mark forgotten; late mark lost to a trim
        self.open(if all && self.is_reached() { 0 } else { LATE });
    }

    /// The holder is no more, whatever it was about: nothing is pinned, late or missed.
    pub(crate) fn reset_after_fork(&self) {
        self.pinned.store(false, Relaxed);
        self.gate.fetch_and(FENCED | CLAIMED, Relaxed);
    }

    /// The next number of the owner's xorshift sequence.
    pub(crate) fn random(&self) -> u32 {
        let random = xorshift::next(self.random.load(Relaxed));
        self.random.store(random, Relaxed);
        random
    }
}

/// The seat is pinned: its holder may use the seat's shards.
#[derive(Debug)]
pub(crate) struct Pin<'a>(&'a Seat);

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `wait_until_unpinned`, so that a collector sees what we did.
        // bug: unpin without release
        self.0.pinned.store(false, Release);
    }
}
