//! The shard: what one pool keeps for one seat.
//!
//! The private part is a slot for one object, a small magazine behind it, and spare cells. The
//! shared part is a chain for each of the two generations, and the victims that were private. The
//! parity of the shard's generation says which chain is the primary one, so a collect flips a shard
//! by changing a number, and allocates nothing.

use std::ptr;

use crossbeam_utils::CachePadded;

use super::{counters::Counters, header::ShardHeader, private::Private, size::KEEP_SLOTS};
use crate::{
    containers::{
        cell::{CellBox, List, ObjectCell},
        chain::Chain,
        ring::Steal,
    },
    sync::{Acquire, AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Relaxed},
};

/// What one pool keeps for one seat.
#[repr(C, align(128))]
pub(crate) struct Shard<T> {
    /// Read by guards on any thread, so it has cache lines of its own, which are not written.
    pub(crate) header: CachePadded<ShardHeader>,
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
    pub(crate) counters: Counters,
    pub(crate) shared: CachePadded<ShardShared<T>>,
}

/// The part of a shard that thieves access.
pub(crate) struct ShardShared<T> {
    /// The chains, indexed by the parity of a generation. The head of the primary one belongs to
    /// the shard's owner, the head of the victim one to the thread that holds the registry's lock.
    pub(crate) chains: [Chain<T>; 2],
    /// Victims that were private, as a [`List`], or null. The collector stores the list when this
    /// is null, and the first thief, or the next collector, takes it whole.
    pub(crate) aged: AtomicPtr<ObjectCell<T>>,
    /// The number of these victims. It is exact only while no thread uses the shard.
    pub(crate) aged_len: AtomicUsize,
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

impl<T> Shard<T> {
    /// Returns an empty shard for the seat with this id.
    pub(crate) fn new(id: usize) -> Self {
        Self {
            header: CachePadded::new(ShardHeader::new()),
            id: id as u32,
            private: Private::new(),
            generation: AtomicU32::new(0),
            open: AtomicBool::new(false),
            published: AtomicBool::new(false),
            counters: Counters::default(),
            shared: CachePadded::new(ShardShared {
                chains: [Chain::new(), Chain::new()],
                aged: AtomicPtr::new(ptr::null_mut()),
                aged_len: AtomicUsize::new(0),
            }),
        }
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
    /// Checks that the shard is empty: `Core::empty` has moved its objects out.
    fn drop(&mut self) {
        debug_assert_eq!(self.idle(), 0);
    }
}
