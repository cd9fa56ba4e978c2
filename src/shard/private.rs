//! The private part of a shard: a slot for one object, a magazine behind it, and spare cells.
//!
//! Only the owner changes it, with plain loads and stores. The fields are atomics only so that
//! `stats` may read them. A hit uses the slot if it can, and otherwise the top of the magazine.
//!
//! A *spare* cell is one whose value has been taken. It stays in its place, in the slot or on top
//! of the magazine's objects, where the next `put` finds it.
//!
//! `hit.rs` has the operations of the hit path, and `objects.rs` the others that move objects.
//! `spare.rs` has those that move spare cells, `units.rs` those that change how many places the owner
//! may use, and `evidence.rs` says whether it may use any. `weighed.rs` and `weights.rs` are for pools
//! that weigh.

mod evidence;
mod hit;
pub(crate) mod magazine;
mod objects;
mod spare;
mod units;
mod weighed;
pub(crate) mod weights;

use std::{marker::PhantomData, mem::MaybeUninit, ptr};

pub(crate) use self::evidence::Evidence;
use self::{magazine::Magazine, weights::WeightsPlace};
use super::size::PLACES;
use crate::{
    containers::cell::{List, ObjectCell},
    sync::{AtomicPtr, AtomicUsize, Relaxed, UnsafeCell},
};

/// If this bit of the slot's address is set, the slot holds no object.
const TAG: usize = 1;
/// The slot is empty and may hold an object: the owner has a unit for it.
const VACANT: usize = TAG;
/// The slot may not hold an object.
pub(super) const CLOSED: usize = TAG | 2;

/// What a spare cell adds to the `counts` of a magazine, to which an object adds one. If there are
/// spare cells, `counts` is above every lease. So the return of a guard, which brings its own cell,
/// takes one comparison to find that the top place is not free.
const SPARE: usize = 1 << 15;

const _: () = assert!(PLACES < SPARE);

/// The private part of a shard.
#[repr(C)]
pub(crate) struct Private<T> {
    /// An object, a spare cell with [`TAG`], [`VACANT`] or [`CLOSED`].
    slot: AtomicPtr<ObjectCell<T>>,
    /// Hits of the owner.
    hits: AtomicUsize,
    /// Objects in the magazine, plus [`SPARE`] times the spare cells above them.
    counts: AtomicUsize,
    /// The number of the magazine's places for which the owner has units. At least the number of
    /// its objects.
    lease: AtomicUsize,
    /// The number of places that the owner may lease units for.
    grown: AtomicUsize,
    /// In a pool that weighs: the weight that the owner has reserved for its slot. The magazine has its
    /// own: see [`weights`](Self::weights).
    reserved: AtomicUsize,
    /// In a pool that weighs: the weight of the object in the slot.
    slot_weight: AtomicUsize,
    evidence: Evidence,
    /// Spare cells kept aside, neither in the slot nor in the magazine.
    empties: UnsafeCell<List<MaybeUninit<T>>>,
    /// The magazine, which holds the objects, the oldest first, and the spare cells above them. `None`
    /// until the shard is to hold a second object; until then no place has a unit.
    magazine: UnsafeCell<Option<Magazine<T>>>,
    /// In a pool that weighs: what the objects in the magazine weigh, from the magazine's addition on.
    weights: WeightsPlace,
}

fn vacant<T>() -> *mut ObjectCell<T> {
    ptr::without_provenance_mut(VACANT)
}

fn closed<T>() -> *mut ObjectCell<T> {
    ptr::without_provenance_mut(CLOSED)
}

/// Returns the address that a slot with this spare cell holds.
fn spare<T>(cell: *mut ObjectCell<T>) -> *mut ObjectCell<T> {
    cell.map_addr(|addr| addr | TAG)
}

fn is_object<T>(slot: *mut ObjectCell<T>) -> bool {
    slot.addr() & TAG == 0
}

/// Returns the spare cell in a slot, if it holds one.
fn spare_cell<T>(slot: *mut ObjectCell<T>) -> Option<*mut ObjectCell<T>> {
    (!is_object(slot) && slot.addr() > CLOSED).then(|| slot.map_addr(|addr| addr & !TAG))
}

impl<T> Private<T> {
    pub(crate) fn new() -> Self {
        Self {
            slot: AtomicPtr::new(closed()),
            hits: AtomicUsize::new(0),
            counts: AtomicUsize::new(0),
            lease: AtomicUsize::new(0),
            grown: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            slot_weight: AtomicUsize::new(0),
            evidence: Evidence::new(),
            empties: UnsafeCell::new(List::new()),
            magazine: UnsafeCell::new(None),
            weights: WeightsPlace::new(),
        }
    }

    /// Returns the content of the slot, for tests of the state after a fork.
    #[cfg(test)]
    #[allow(dead_code, reason = "unused in models")]
    pub(crate) fn slot(&self) -> *mut ObjectCell<T> {
        self.slot.load(Relaxed)
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Relaxed)
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Returns the number of objects in the magazine.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.counts.load(Relaxed) % SPARE
    }

    pub(crate) fn lease(&self) -> usize {
        self.lease.load(Relaxed)
    }

    /// Returns the number of objects in the slot and the magazine.
    pub(crate) fn len(&self) -> usize {
        usize::from(is_object(self.slot.load(Relaxed))) + self.count()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !is_object(self.slot.load(Relaxed)) && self.count() == 0
    }

    /// Returns the number of units that the slot and the magazine hold.
    pub(crate) fn units(&self) -> usize {
        usize::from(self.slot.load(Relaxed) != closed()) + self.lease()
    }
}

/// Why the private part did not take an object.
pub(crate) enum Refused {
    /// The pool has no unit or too little weight left: it holds as many idle objects as it may.
    AtLimit,
    /// All places that the shard may use are full.
    NoPlace,
}

/// The owner's access to the private part of its shard: neither `Send` nor `Sync`.
pub(crate) struct PrivateOwner<'a, T> {
    private: &'a Private<T>,
    not_send: PhantomData<*mut ()>,
}

impl<'a, T> PrivateOwner<'a, T> {
    /// Returns the owner's access to `private`.
    ///
    /// # Safety
    ///
    /// As for [`Shard::owner`](crate::shard::shard::Shard::owner) of the shard that `private`
    /// belongs to.
    #[inline(always)]
    pub(crate) unsafe fn new(private: &'a Private<T>) -> Self {
        Self { private, not_send: PhantomData }
    }

    /// Returns the number of objects in the magazine.
    pub(crate) fn count(&self) -> usize {
        self.private.count()
    }

    /// Returns the numbers of objects and of spare cells in the magazine.
    fn counts(&self) -> (usize, usize) {
        let counts = self.private.counts.load(Relaxed);
        (counts % SPARE, counts / SPARE)
    }

    fn set_counts(&self, objects: usize, spares: usize) {
        self.private.counts.store(objects + SPARE * spares, Relaxed);
    }

    #[inline(always)]
    fn place(&self, i: usize) -> *mut ObjectCell<T> {
        debug_assert!(i < PLACES);
        // SAFETY: `i` is below the number of objects and spare cells, which is 0 without a magazine
        // and never exceeds `PLACES`; only the owner uses the magazine.
        self.private.magazine.with(|all| unsafe { first_place(all).add(i).read() })
    }

    #[inline(always)]
    fn set_place(&self, i: usize, cell: *mut ObjectCell<T>) {
        debug_assert!(i < PLACES);
        // SAFETY: `i` is below `PLACES`. There is a magazine, since no place has a unit before; only
        // the owner uses it.
        self.private.magazine.with_mut(|all| unsafe { first_place(all).add(i).write(cell) });
    }
}

/// Returns the first place of a magazine.
///
/// # Safety
///
/// There is a magazine, which the caller owns.
#[inline(always)]
unsafe fn first_place<T>(magazine: *const Option<Magazine<T>>) -> *mut *mut ObjectCell<T> {
    // SAFETY: the caller's promise.
    unsafe { (*magazine).as_ref().unwrap_unchecked() }.as_ptr()
}
