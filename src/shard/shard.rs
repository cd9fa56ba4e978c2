//! The shard: what one pool keeps for one seat.
//!
//! The private part is a slot for one object, a small magazine behind it, and spare cells. The
//! shared part is a chain for each of the two generations, and the victims that were private. The
//! parity of the shard's generation says which chain is the primary one, so a collect flips a shard
//! by changing a number, and allocates nothing.

use std::{cell::Cell, ptr};

use crossbeam_utils::CachePadded;

use super::{activity::Activity, counters::Counters, private::Private, size::KEEP_SLOTS};
use crate::{
    containers::{
        cell::{CellBox, List, ObjectCell},
        chain::Chain,
        ring::Steal,
    },
    sync::{
        Acquire, AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, PLAIN_ATOMICS, Relaxed,
        UseAfterFreeCheck,
    },
    util::try_alloc::try_box,
};

/// What a recall is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An object of any owner.
    Object,
    /// An object that is not kept by an active owner with tenure.
    ObjectOfIdle,
    /// Units of a bound, or weight.
    Units,
    /// Weight.
    Weight,
}

impl Wanted {
    /// Returns the same, of any owner, favoured or not.
    pub(crate) fn of_any_owner(self) -> Self {
        if self == Self::ObjectOfIdle { Self::Object } else { self }
    }
}

/// What one pool keeps for one seat.
#[repr(C, align(128))]
pub(crate) struct Shard<T> {
    pub(crate) private: Private<T>,
    /// The seat's id.
    pub(crate) id: u32,
    /// The pool's generation at which this shard last aged.
    pub(crate) generation: AtomicU32,
    /// Whether the shard has ever been used.
    pub(crate) open: AtomicBool,
    /// Whether the primary chain may hold an object. `false` is exact, because only the owner
    /// pushes.
    pub(crate) published: AtomicBool,
    /// Whether the owner may lend objects of this shard in owned guards without further ado.
    pub(crate) lends: AtomicBool,
    /// The uses that the last collect knew of: see `Owner::was_unused`.
    pub(crate) known_uses: Cell<u32>,
    /// Owned guards that the owner got, less those that it has dropped. May wrap below 0.
    loans: AtomicUsize,
    live_check: UseAfterFreeCheck,
    pub(crate) shared: CachePadded<ShardShared<T>>,
}

/// The part of a shard that thieves access, and what the owner counts on its slow path.
pub(crate) struct ShardShared<T> {
    /// The chains, indexed by the parity of a generation. The head of the primary one belongs to
    /// the shard's owner, the head of the victim one to the thread that holds the registry's lock.
    pub(crate) chains: [Chain<T>; 2],
    /// Victims that were private, as a [`List`], or null. The collector stores the list when this
    /// is null, and the first thief, or the next collector, takes it whole.
    pub(crate) aged: AtomicPtr<ObjectCell<T>>,
    /// The number of these victims. It is exact only while no thread uses the shard.
    pub(crate) aged_len: AtomicUsize,
    pub(crate) counters: Counters,
    /// What others have seen of the owner's activity.
    activity: Activity,
    /// The next shard in a list of [`RemovedShards`](super::removed::RemovedShards).
    pub(super) next_removed: Cell<*mut Shard<T>>,
}

// SAFETY: a shard owns its objects and hands each to one thread at a time. Fields that are not
// atomic are used under the rules of `Shard::owner`.
unsafe impl<T: Send> Send for Shard<T> {}
// SAFETY: as above; no `&T` is ever created.
unsafe impl<T: Send> Sync for Shard<T> {}

impl Shard<()> {
    /// The size of a shard in bytes, which does not depend on the type of its objects.
    pub(crate) const BYTES: usize = size_of::<Self>();
}

/// Two pairs of cache lines: the owner's, and the thieves'. Less if words have 32 bits. On s390x, whose
/// cache lines have 256 bytes, two lines.
const _: () = assert!(!PLAIN_ATOMICS || Shard::BYTES <= 2 * align_of::<Shard<()>>());

impl<T> Shard<T> {
    /// Returns an empty shard for the seat with this id, on the heap. `None` if there is no memory.
    pub(crate) fn try_new(id: usize) -> Option<Box<Self>> {
        // bug: shard that must have memory
        try_box(Self::new(id))
    }

    pub(crate) fn new(id: usize) -> Self {
        Self {
            id: id as u32,
            private: Private::new(),
            generation: AtomicU32::new(0),
            open: AtomicBool::new(false),
            published: AtomicBool::new(false),
            lends: AtomicBool::new(false),
            known_uses: Cell::new(0),
            loans: AtomicUsize::new(0),
            live_check: UseAfterFreeCheck::new(),
            shared: CachePadded::new(ShardShared {
                chains: [Chain::new(), Chain::new()],
                aged: AtomicPtr::new(ptr::null_mut()),
                aged_len: AtomicUsize::new(0),
                counters: Counters::default(),
                activity: Activity::new(),
                next_removed: Cell::new(ptr::null_mut()),
            }),
        }
    }

    /// Finds, in models, a use after the shard was freed.
    #[inline(always)]
    pub(crate) fn live_check(&self) -> &UseAfterFreeCheck {
        &self.live_check
    }

    /// Adds `more` to the loans, which only the owner changes, pinned.
    #[inline(always)]
    pub(crate) fn add_loans(&self, more: usize) {
        self.loans.store(self.loans.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(crate) fn loans(&self) -> usize {
        self.loans.load(Relaxed)
    }

    /// Returns the chain with the parity of `generation`.
    pub(crate) fn chain(&self, generation: u32) -> &Chain<T> {
        &self.shared.chains[(generation & 1) as usize]
    }

    /// Returns whether there may be victims that were private.
    pub(crate) fn has_aged(&self) -> bool {
        !self.shared.aged.load(Relaxed).is_null()
    }

    /// Takes all victims that were private.
    pub(crate) fn take_aged(&self) -> List<T> {
        if !self.has_aged() {
            return List::new();
        }
        // Acquire: pairs with the Release of `Owner::age`, for the list.
        // bug: victims taken without acquire
        let head = self.shared.aged.swap(ptr::null_mut(), Acquire);
        // SAFETY: the pointer came from `List::into_raw`, and the swap made the list ours.
        let aged = unsafe { List::from_raw(head) };
        // bug: count of victims overwritten; count of victims not taken back
        self.shared.aged_len.fetch_sub(aged.len(), Relaxed);
        aged
    }

    /// Moves the remaining victims to `gone`. Then retires the victim chain's ring if it has more
    /// slots than [`KEEP_SLOTS`], and more than twice the number of objects in the primary chain.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    pub(crate) unsafe fn drain_victims(&self, gone: &mut List<T>) {
        // Acquire: pairs with the Release of `Owner::open`. The shard's generation, which says
        // which chain is the owner's, is stored before.
        // bug: chain of a shard that is not open drained
        if !self.open.load(Acquire) {
            return;
        }
        gone.append(self.take_aged());
        let generation = self.generation.load(Relaxed);
        // bug: drain takes the primary chain
        let victim = self.chain(generation.wrapping_add(1));
        drain(victim, gone);
        // SAFETY: no thread pushes to a victim chain, and a flip takes the registry's lock, which
        // the caller holds.
        let head = unsafe { victim.head() };
        if head.slots() > KEEP_SLOTS && head.slots() > 2 * self.chain(generation).len() {
            head.shrink();
        }
    }

    /// Repairs a shard in a child process after a fork, where other threads' operations ended half
    /// done.
    ///
    /// # Safety
    ///
    /// As for [`Ring::mend`](crate::containers::ring::Ring::mend).
    pub(crate) unsafe fn mend(&self) {
        // SAFETY: the caller's promise.
        self.shared.chains.iter().for_each(|chain| unsafe { chain.mend() });
        // SAFETY: the pointer came from `List::into_raw`, and no other thread uses the shard.
        let aged: List<T> = unsafe { List::from_raw(self.shared.aged.load(Relaxed)) };
        self.shared.aged_len.store(aged.len(), Relaxed);
        self.shared.aged.store(aged.into_raw(), Relaxed);
    }

    /// Returns the number of units that the shard uses. It is exact only while no thread uses the
    /// shard.
    pub(crate) fn units(&self) -> usize {
        self.private.units() + self.shared()
    }

    /// Returns the number of idle objects that thieves can reach.
    fn shared(&self) -> usize {
        let chains = self.shared.chains.iter().map(Chain::len).sum::<usize>();
        chains + self.shared.aged_len.load(Relaxed)
    }

    #[inline]
    pub(crate) fn published(&self) -> bool {
        self.published.load(Relaxed)
    }

    /// Returns whether the private part and the primary chain are empty. Only the shard's owner
    /// calls this.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // bug: quick check overlooks private objects
        self.private.is_empty() && !self.published()
    }

    /// Returns whether a thief may find something: whether the chain with this parity has a ring, or
    /// there are victims that were private.
    pub(crate) fn may_hold(&self, parity: u32) -> bool {
        self.chain(parity).has_ring() || self.has_aged()
    }

    /// Returns whether the chain with this parity holds an object, or there are victims that were
    /// private.
    pub(crate) fn holds(&self, parity: u32) -> bool {
        self.chain(parity).len() > 0 || self.has_aged()
    }

    /// Takes all victims that were private. If there are none, takes one from the chain with this
    /// parity.
    pub(crate) fn steal_victims(&self, parity: u32) -> Option<List<T>> {
        let mut got = self.take_aged();
        let mut one = [ptr::null_mut()];
        if got.len() == 0 && self.steal(parity, &mut one).is_some() {
            // SAFETY: the steal made the cell ours.
            got.push(unsafe { CellBox::from_raw(one[0]) });
        }
        (got.len() > 0).then_some(got)
    }

    /// Steals up to `into.len()` objects from the chain with this parity, the oldest first. Returns
    /// how many, or `None` if the steal failed.
    pub(crate) fn steal(&self, parity: u32, into: &mut [*mut ObjectCell<T>]) -> Option<usize> {
        match self.chain(parity).steal(into) {
            Steal::Got(count) => Some(count),
            Steal::Empty | Steal::Busy => None,
        }
    }

    /// Returns whether a recall would get what is `wanted`. Other threads call this.
    pub(crate) fn hoards(&self, wanted: Wanted) -> bool {
        let private = &self.private;
        match wanted {
            Wanted::Object => !private.is_empty(),
            Wanted::ObjectOfIdle => !private.is_empty() && !self.is_favoured(),
            Wanted::Units => private.units() > private.len() || private.unused_weight() > 0,
            Wanted::Weight => private.unused_weight() > 0,
        }
    }

    /// Returns whether the owner has tenure and is active.
    fn is_favoured(&self) -> bool {
        self.private.evidence().has_tenure() && self.shared.activity.is_active(self.private.hits())
    }

    /// Returns whether the owner may keep objects private.
    pub(crate) fn is_enabled(&self) -> bool {
        self.private.evidence().is_enabled()
    }

    /// Returns the number of idle objects. It is exact only while no thread uses the shard.
    pub(crate) fn idle(&self) -> usize {
        self.private.len() + self.shared()
    }

    pub(crate) fn hits(&self) -> usize {
        self.private.hits()
    }
}

/// Moves all objects of `chain` to `gone`, as a thief.
pub(crate) fn drain<T>(chain: &Chain<T>, gone: &mut List<T>) {
    let mut batch = [ptr::null_mut(); 64];
    loop {
        let count = match chain.steal(&mut batch) {
            Steal::Got(count) => count,
            Steal::Busy => 0,
            Steal::Empty => return,
        };
        for &cell in &batch[..count] {
            // SAFETY: the steal made the cell ours.
            gone.push(unsafe { CellBox::from_raw(cell) });
        }
    }
}

impl<T> Drop for Shard<T> {
    /// Checks that the shard is empty: its objects have been moved out. The chains check themselves.
    fn drop(&mut self) {
        debug_assert_eq!(self.private.len() + self.shared.aged_len.load(Relaxed), 0);
    }
}
