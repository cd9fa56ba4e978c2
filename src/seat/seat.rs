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
//!
//! The collect thread, which ends when all pools are empty, marks every seat `UNWATCHED` then. So
//! the next operation of each owner takes the slow path, which starts another collect thread.

use super::{fence::FenceKind, shard_table::SharedTable};
use crate::{
    containers::pointer_table::{NO_TABLE, PointerTable},
    sync::{
        Acquire, AtomicPtr, AtomicU32, AtomicUsize, LightFence, Relaxed, Release, SeqCst,
        full_store, placeholder, spin_loop, test_size,
    },
    util::{likely::likely, xorshift},
};

/// The gate is open: the owner may use its shards.
const OPEN: u32 = 0;
/// The fences are symmetric: the owner's store of `pinned` and its load of the gate must be SeqCst.
const FENCED: u32 = 1;
/// A collector has claimed the seat.
const CLAIMED: u32 = 2;
/// A collector has skipped this seat, and its work on the seat's shards has not been done since.
const LATE: u32 = 4;
/// The collector that has claimed the seats now has skipped this one.
const SKIPPED: u32 = 8;

/// The owner has seen the present claim.
const ACKNOWLEDGED: u32 = 16;
/// The seat has no shards, and no collector need claim it. Its owner clears this before it uses pools.
const DORMANT: u32 = 32;
/// The collect thread has ended. The owner may use its shards, but no hit does.
const UNWATCHED: u32 = 64;

/// The value of `reading` if the owner does not read.
pub(super) const IDLE: usize = 0;

/// How often a collector checks whether a pinned seat is unpinned. An owner that is running unpins
/// within nanoseconds; the wait for one that is not could be long.
const UNPIN_SPINS: usize = test_size(200, 1);

/// One seat, on cache lines of its own, because its owner writes to it on every operation.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Seat {
    /// 1 if the owner is inside a pin, otherwise 0. Not a byte: on AMD's Zen 3, stores of single bytes
    /// that alternate with stores to other cache lines take three times as long.
    pinned: AtomicU32,
    gate: AtomicU32,
    /// The epoch at which the owner began to read, or [`IDLE`].
    pub(super) reading: AtomicUsize,
    /// The table of the seat's shards, as its owner sees it.
    pub(super) table: AtomicPtr<PointerTable>,
    pub(crate) id: usize,
    /// The state of a random generator, which says where the owner's next search starts.
    random: AtomicU32,
    light_fence: LightFence,
    /// The same table, for other threads, on cache lines that the owner seldom writes to.
    pub(super) shared_table: SharedTable,
}

placeholder! {
    /// The seat of a thread that has none. Its gate is never open, so that every hit fails.
    pub(super) static NO_SEAT: Seat = Seat {
        pinned: AtomicU32::new(0),
        gate: AtomicU32::new(CLAIMED),
        reading: AtomicUsize::new(IDLE),
        table: AtomicPtr::new(NO_TABLE),
        id: usize::MAX,
        random: AtomicU32::new(1),
        light_fence: LightFence::new(true),
        shared_table: SharedTable {
            table: AtomicPtr::new(NO_TABLE),
            locked: crate::sync::AtomicBool::new(false),
            old: AtomicPtr::new(NO_TABLE),
            retired: AtomicPtr::new(NO_TABLE),
        },
    };
}

impl Seat {
    pub(crate) fn new(id: usize, fence_kind: FenceKind) -> Self {
        let gate = match fence_kind {
            FenceKind::Asymmetric => OPEN,
            FenceKind::Symmetric => FENCED,
        };
        Self {
            pinned: AtomicU32::new(0),
            gate: AtomicU32::new(gate),
            reading: AtomicUsize::new(IDLE),
            table: AtomicPtr::new(NO_TABLE),
            id,
            random: AtomicU32::new(id as u32 + 1),
            light_fence: LightFence::new(fence_kind == FenceKind::Asymmetric),
            shared_table: SharedTable::new(),
        }
    }

    /// Pins the seat: the owner may use the seat's shards until it drops the `Pin`. No user code
    /// may run until then.
    ///
    /// Returns `None` while a collector has claimed the seat, and while the seat is late. Also while
    /// it is unwatched, where [`pin`](Self::pin) may still succeed; and always if the fences are
    /// symmetric, where [`pin_fenced`](Self::pin_fenced) takes its place.
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

    /// Pins the seat, as `pin_fast` does, where the fences are symmetric. Returns `None` where they are
    /// not.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    pub(crate) unsafe fn pin_fenced(&self) -> Option<Pin<'_>> {
        if self.gate.load(Relaxed) != FENCED {
            return None;
        }
        let pin = self.announce_fenced();
        // SeqCst: see `announce_fenced`. Acquire: pairs with the Release of `Seat::open`.
        // bug: gate read too early for a symmetric hit
        likely(self.gate.load(SeqCst) == FENCED).then_some(pin)
    }

    /// Pins the seat, as `pin_fast` does, but also works with symmetric fences, and on an unwatched
    /// seat. Wakes a dormant seat. Acknowledges the claim if there is one.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    pub(crate) unsafe fn pin(&self) -> Option<Pin<'_>> {
        // SAFETY: the caller's promise.
        unsafe { self.try_pin().or_else(|| if self.wake() { self.try_pin() } else { None }) }
    }

    /// Does the work of [`pin`](Self::pin), for a seat that is not dormant.
    ///
    /// # Safety
    ///
    /// As for `pin_fast`.
    #[inline]
    unsafe fn try_pin(&self) -> Option<Pin<'_>> {
        let fenced = self.gate.load(Relaxed) & FENCED != 0;
        let pin = if fenced { self.announce_fenced() } else { self.announce() };
        // SeqCst: see `announce_fenced`. Acquire: pairs with the Release of `Seat::open`.
        // bug: gate read without acquire, after a fence; late seat used by its owner
        if self.gate.load(SeqCst) & !(FENCED | UNWATCHED) == OPEN {
            return Some(pin);
        }
        drop(pin);
        self.acknowledge_claim();
        None
    }

    /// Wakes a dormant seat. Returns whether the owner may try again to pin it.
    #[cold]
    fn wake(&self) -> bool {
        // Relaxed: the next load of the gate is Acquire, and reads this or a later value. Being a
        // read-modify-write, this continues the release sequence of `claim_unless_dormant`: a collector
        // that has left the seat out has advanced the generations before, and the owner sees that.
        self.gate.load(Relaxed) & DORMANT != 0
            && self.gate.fetch_and(!DORMANT, Relaxed) & (CLAIMED | LATE) == 0
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
        self.pinned.store(1, Relaxed);
        // bug: missing light fence
        self.light_fence.light();
        Pin(self)
    }

    /// As `announce`, where the fences are symmetric. The caller's load of the gate is SeqCst.
    ///
    /// If the collector's load of `pinned` comes before this store, its fence comes before both SeqCst
    /// accesses in their total order, so the load of the gate sees the claim.
    #[inline(always)]
    fn announce_fenced(&self) -> Pin<'_> {
        // bug: missing symmetric fence, owner
        full_store(&self.pinned, 1);
        Pin(self)
    }

    /// Returns whether the owner is inside a pin.
    #[cfg(corepool_test_hooks)]
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.load(Relaxed) != 0
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

    /// Opens the gate: clears all its bits except `FENCED`, `UNWATCHED` and those in `keep`. The
    /// caller holds the registry's lock.
    fn open(&self, keep: u32) {
        // Release: pairs with the Acquire of `pin` and `pin_fast`, so that the owner sees what the
        // collector did to its shards.
        // bug: gate opened without release; mark of an unwatched seat lost
        self.gate.fetch_and(FENCED | UNWATCHED | keep, Release);
    }

    /// Marks the seat as unwatched. Nothing that the owner does from its next pin on is a hit, until
    /// it has called [`watch`](Self::watch).
    pub(crate) fn unwatch(&self) {
        // Relaxed: the caller has claimed the seat, and the opening of the gate orders it; or the
        // caller is the owner.
        self.gate.fetch_or(UNWATCHED, Relaxed);
    }

    /// Returns whether the seat is marked as unwatched.
    #[inline]
    pub(crate) fn is_unwatched(&self) -> bool {
        self.gate.load(Relaxed) & UNWATCHED != 0
    }

    /// Removes the mark. Called by the owner, which then makes sure that there is a collect thread.
    pub(crate) fn watch(&self) {
        self.gate.fetch_and(!UNWATCHED, Relaxed);
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

    /// Claims the seat, but not if it is dormant: then its owner wakes it, if at all, after this call,
    /// and sees what the collector has done before.
    ///
    /// # Safety
    ///
    /// As for [`claim`](Self::claim).
    pub(crate) unsafe fn claim_unless_dormant(&self) {
        // Release: pairs with the Acquire of `try_pin`. A read-modify-write, which comes before that of
        // `wake` or after it.
        // bug: dormant seat left out without release
        if self.gate.fetch_or(0, Release) & DORMANT == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.claim() };
        }
    }

    /// The collector's half of the handshake after the heavy fence: waits for a bounded time until
    /// the owner has unpinned. If it has not, marks the seat as skipped, and as `late` says. Returns
    /// whether the collector may use the seat's shards.
    pub(crate) fn reach(&self, late: bool) -> bool {
        if !self.is_reached() {
            return false;
        }
        // bug: endless wait for an unpin
        let reached = (0..UNPIN_SPINS).any(|_| {
            // Acquire: pairs with the Release of `Pin::drop`.
            // bug: claim does not see the unpin
            let reached = self.pinned.load(Acquire) == 0;
            if !reached {
                spin_loop();
            }
            reached
        });
        // bug: late seat used
        if !reached {
            self.skip(late);
        }
        reached
    }

    /// Returns whether the owner is inside a pin, and the collector has not skipped the seat yet.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_reached() && self.pinned.load(Relaxed) != 0
    }

    /// Marks the seat as skipped by the collector that has claimed it, and also as late if so asked.
    pub(crate) fn skip(&self, late: bool) {
        self.gate.fetch_or(if late { SKIPPED | LATE } else { SKIPPED }, Relaxed);
    }

    /// Returns whether the collector that has claimed the seat has not skipped it.
    pub(crate) fn is_reached(&self) -> bool {
        self.gate.load(Relaxed) & SKIPPED == 0
    }

    /// Returns whether a collector has claimed the seat, and not released it yet.
    pub(crate) fn is_claimed(&self) -> bool {
        self.gate.load(Relaxed) & CLAIMED != 0
    }

    /// Ends a claim of all pools of a seat that has no shards: it is dormant from now on, unless its
    /// owner waits for the end of the claim. Returns whether it is.
    pub(crate) fn release_dormant(&self) -> bool {
        // bug: dormant while its owner waits
        let sleep =
            |gate| (gate & ACKNOWLEDGED == 0).then_some(gate & (FENCED | UNWATCHED) | DORMANT);
        // Release: as in `open`, for the next time that the owner pins.
        self.gate.fetch_update(Release, Relaxed, sleep).is_ok()
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
        self.pinned.store(0, Relaxed);
        self.gate.fetch_and(FENCED | CLAIMED, Relaxed);
        self.reading.store(IDLE, Relaxed);
        self.mend_table();
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
        // Release: pairs with the Acquire of `reach`, so that a collector sees what
        // the owner did to its shards.
        // bug: unpin without release
        self.0.pinned.store(0, Release);
    }
}
