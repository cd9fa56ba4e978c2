//! The shard: what one pool keeps for one seat.
//!
//! The owner's part is a slot for one object, a small magazine behind it and some counters. The
//! shared part is a chain for each of the two generations, and the victims that were private. Which
//! chain is the primary one is told by the shard's generation, odd or even, so that a collect flips
//! a number and allocates nothing.

use std::ptr;

use crossbeam_utils::CachePadded;

use super::{header::ShardHeader, private::Private, size::KEEP_SLOTS};
use crate::{
    containers::{
        cell::{CellBox, List, ObjectCell},
        chain::Chain,
        ring::Steal,
    },
    sync::{Acquire, AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Relaxed},
    util::counters::Counters,
};

/// What one pool keeps for one seat.
#[repr(C, align(128))]
pub(crate) struct Shard<T> {
    /// For guards, wherever they are dropped: on lines that nobody writes to.
    pub(crate) header: CachePadded<ShardHeader>,
    pub(crate) private: Private<T>,
    /// The seat's id.
    pub(crate) id: u32,
    /// The pool's generation when this shard last aged.
    pub(crate) generation: AtomicU32,
    /// Whether the shard has ever been used.
    pub(crate) open: AtomicBool,
    /// Whether there may be something in the primary chain. No is exact: nobody but the owner
    /// pushes.
    pub(crate) published: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) shared: CachePadded<ShardShared<T>>,
}

/// What thieves see of a shard.
pub(crate) struct ShardShared<T> {
    /// By the generation's parity. The primary's head belongs to the seat's owner, the victim's
    /// to whoever holds the registry's lock.
    pub(crate) chains: [Chain<T>; 2],
    /// Victims that were private: a [`List`], put here by the collector once there is none, and
    /// taken whole by whoever comes first.
    pub(crate) aged: AtomicPtr<ObjectCell<T>>,
    /// How many those are, when nobody is at work.
    pub(crate) aged_len: AtomicUsize,
}

// SAFETY: a shard owns objects and hands each to one thread at a time. What is not atomic is used
// under the rules of `Shard::owner`.
unsafe impl<T: Send> Send for Shard<T> {}
// SAFETY: as above; no `&T` is ever made.
unsafe impl<T: Send> Sync for Shard<T> {}

impl Shard<()> {
    /// The size of a shard, whatever its objects are.
    pub(crate) const BYTES: usize = size_of::<Self>();
}

impl<T> Shard<T> {
    /// The shard of the seat with this id.
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

    /// The chain with this parity.
    pub(crate) fn chain(&self, generation: u32) -> &Chain<T> {
        &self.shared.chains[(generation & 1) as usize]
    }

    /// Whether a thief that looks for victims may find private ones.
    pub(crate) fn has_aged(&self) -> bool {
        !self.shared.aged.load(Relaxed).is_null()
    }

    /// Takes all victims that were private.
    pub(crate) fn take_aged(&self) -> List<T> {
        if !self.has_aged() {
            return List::new();
        }
        // Acquire: pairs with the Release in `Owner::age`.
        // bug: victims taken without acquire
        let head = self.shared.aged.swap(ptr::null_mut(), Acquire);
        // SAFETY: put there by `into_raw`, and ours by the swap.
        let aged = unsafe { List::from_raw(head) };
        // bug: count of victims overwritten; count of victims not taken back
        self.shared.aged_len.fetch_sub(aged.len(), Relaxed);
        aged
    }

    /// Takes what is left of the victims, and memory that they no longer need.
    ///
    /// # Safety
    ///
    /// The caller holds the registry's lock.
    pub(crate) unsafe fn drain_victims(&self, gone: &mut List<T>) {
        // Acquire: pairs with the Release in `Owner::open`. Which chain is the owner's is known
        // before it is open.
        // bug: chain of a shard that is not open drained
        if !self.open.load(Acquire) {
            return;
        }
        gone.append(self.take_aged());
        let generation = self.generation.load(Relaxed);
        // bug: wrong generation
        let victim = self.chain(generation.wrapping_add(1));
        drain(victim, gone);
        // SAFETY: nobody pushes to victims, and flips are made under the lock.
        let head = unsafe { victim.head() };
        if head.slots() > KEEP_SLOTS && head.slots() > 2 * self.chain(generation).len() {
            head.shrink();
        }
    }

    /// Sets right what threads that are no more have left half done.
    ///
    /// # Safety
    ///
    /// As for [`Ring::mend`](crate::containers::ring::Ring::mend).
    pub(crate) unsafe fn mend(&self) {
        // SAFETY: the caller's promise.
        self.shared.chains.iter().for_each(|chain| unsafe { chain.mend() });
        // SAFETY: put there by `into_raw`, and nobody else is here.
        let aged: List<T> = unsafe { List::from_raw(self.shared.aged.load(Relaxed)) };
        self.shared.aged_len.store(aged.len(), Relaxed);
        self.shared.aged.store(aged.into_raw(), Relaxed);
    }

    /// Units in use here, when nobody is at work.
    pub(crate) fn units(&self) -> usize {
        self.private.units() + self.shared()
    }

    /// Idle objects that others can reach.
    fn shared(&self) -> usize {
        let chains = self.shared.chains.iter().map(Chain::len).sum::<usize>();
        chains + self.shared.aged_len.load(Relaxed)
    }

    #[inline]
    pub(crate) fn published(&self) -> bool {
        self.published.load(Relaxed)
    }

    /// Whether neither the private places nor the primary chain hold anything.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // bug: glance that overlooks what is private
        self.private.is_empty() && !self.published()
    }

    /// Whether a thief may find something there.
    pub(crate) fn holds(&self, parity: u32) -> bool {
        self.chain(parity).len() > 0 || self.has_aged()
    }

    /// Takes a list of victims that were private, or else a victim of the chain.
    pub(crate) fn steal_victims(&self, parity: u32) -> Option<List<T>> {
        let mut got = self.take_aged();
        let mut one = [ptr::null_mut()];
        if got.len() == 0 && self.steal(parity, &mut one).is_some() {
            // SAFETY: the steal made it ours.
            got.push(unsafe { CellBox::from_raw(one[0]) });
        }
        (got.len() > 0).then_some(got)
    }

    /// Takes objects of the chain with this parity, the oldest first, and tells how many.
    pub(crate) fn steal(&self, parity: u32, into: &mut [*mut ObjectCell<T>]) -> Option<usize> {
        match self.chain(parity).steal(into) {
            Steal::Got(count) => Some(count),
            Steal::Empty | Steal::Busy => None,
        }
    }

    /// Idle objects, when nobody is at work.
    pub(crate) fn idle(&self) -> usize {
        self.private.len() + self.shared()
    }

    pub(crate) fn hits(&self) -> usize {
        self.private.hits()
    }
}

/// Moves all objects of a chain to a list, as a thief.
pub(crate) fn drain<T>(chain: &Chain<T>, gone: &mut List<T>) {
    let mut batch = [ptr::null_mut(); 64];
    loop {
        let count = match chain.steal(&mut batch) {
            Steal::Got(count) => count,
            Steal::Busy => 0,
            Steal::Empty => return,
        };
        for &cell in &batch[..count] {
            // SAFETY: the steal made it ours.
            gone.push(unsafe { CellBox::from_raw(cell) });
        }
    }
}

impl<T> Drop for Shard<T> {
    /// Frees what is left of the shard. Its objects are gone by now: see `Core::empty`.
    fn drop(&mut self) {
        debug_assert_eq!(self.idle(), 0);
    }
}
