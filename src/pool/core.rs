//! The core, which is the heap part of a pool: searches for objects, and stores them.
//!
//! Callers pass in the seats, so nothing here depends on the state of the process. No user code is
//! called: an object that must be dropped is returned to the caller.

use std::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use crossbeam_utils::CachePadded;

use crate::{
    collect::pending::Pending,
    containers::{
        cell::{CellBox, EmptyCell, List, ObjectCell},
        occupancy::{BITS, OccupancyMap},
        quota::Quota,
        ring::Ring,
        shelf::Shelf,
        weight::WeightLimit,
    },
    seat::{
        buckets::{self, SEGMENTS, locate},
        seat::{Pin, Seat},
    },
    shard::{
        counters::{Counters, Found},
        header::ShardHeader,
        owner::{Owner, PushError},
        shard::Shard,
        size::{MAX_BATCH, Size},
    },
    sync::{Acquire, AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Relaxed, Release, UnsafeCell},
    util::{
        counter::Counter,
        try_alloc::{NO_MEMORY, try_box, try_slice},
    },
};

/// The segment of the first shard that shares a bit of the occupancy map with another shard.
const FIRST_TO_SHARE: usize = locate(BITS, 1).0;

/// How many contended bits a search visits in each generation before it gives up. A bit is
/// contended if its shards hold something, but other threads were quicker to take it. If the shards
/// hold nothing, the search clears the bit, so each mark costs one visit.
const PROBES: usize = 8;

#[repr(C, align(128))]
pub(crate) struct Core<T> {
    /// The first segment has one shard; each further one has as many as all before it. A segment is
    /// allocated when a seat first wants a shard in it, and never moves, so growth loses nothing.
    segments: [AtomicPtr<Shard<T>>; SEGMENTS],
    /// Whether shards may share bits of the map.
    shared_bits: AtomicBool,
    /// Counts the flips. Written under the registry's lock.
    pub(crate) generation: AtomicU32,
    pub(crate) quota: Quota,
    /// The bound on the weight of idle objects, if the pool has one.
    pub(crate) weight_limit: Option<WeightLimit<T>>,
    /// The hook that runs on each object that comes back.
    pub(crate) recycle: Option<fn(&mut T) -> bool>,
    /// The header that guards of threads without a shard point to.
    pub(crate) header: ShardHeader,
    pub(crate) map: CachePadded<OccupancyMap>,
    pub(crate) shelf: CachePadded<Shelf<T>>,
    /// Counters for threads without a shard.
    pub(crate) counters: Counters,
    pub(crate) dropped: Counter,
    /// The index of this pool in the registry. Used under its lock.
    pub(crate) entry: AtomicUsize,
    /// Objects and cells that a collect is about to drop. Used under the registry's lock.
    pub(crate) pending: UnsafeCell<Pending<T>>,
    owns: PhantomData<T>,
}

// SAFETY: a core owns objects and hands each to one thread at a time.
unsafe impl<T: Send> Send for Core<T> {}
// SAFETY: as above; no `&T` is ever made.
unsafe impl<T: Send> Sync for Core<T> {}

impl<T> Core<T> {
    /// Creates a core for at most `max_idle` idle objects.
    pub(crate) fn new(max_idle: usize) -> Box<Self> {
        Self::with(Quota::new(max_idle, Size::<T>::MAGAZINE), None)
    }

    /// Creates a core for at most `max_idle` idle objects, which weigh at most `most` in total.
    pub(crate) fn weighed(max_idle: usize, weigh: fn(&T) -> usize, most: usize) -> Box<Self> {
        let weight_limit = WeightLimit::try_new(weigh, most).expect(NO_MEMORY);
        Self::with(Quota::new(max_idle, 0).without_places(), Some(weight_limit))
    }

    fn with(quota: Quota, weight_limit: Option<WeightLimit<T>>) -> Box<Self> {
        let core = try_box(Self {
            segments: [const { ptr::null_mut() }; SEGMENTS].map(AtomicPtr::new),
            shared_bits: AtomicBool::new(false),
            generation: AtomicU32::new(0),
            quota,
            weight_limit,
            recycle: None,
            header: ShardHeader::new(),
            map: CachePadded::new(OccupancyMap::new()),
            shelf: CachePadded::new(Shelf::new()),
            counters: Counters::default(),
            dropped: Counter::default(),
            entry: AtomicUsize::new(usize::MAX),
            pending: UnsafeCell::new(Pending::new()),
            owns: PhantomData,
        });
        // bug: first use that aborts
        core.expect(NO_MEMORY)
    }

    /// Returns the shard of `seat`, if it has been allocated.
    pub(crate) fn shard(&self, seat: &Seat) -> Option<&Shard<T>> {
        let segment = NonNull::new(self.segment(seat.segment))?;
        // SAFETY: the segment has a shard at the seat's index, and lives as long as `self`.
        Some(unsafe { segment.add(seat.index).as_ref() })
    }

    /// Returns the first shard of segment `index`, or null.
    pub(crate) fn segment(&self, index: usize) -> *mut Shard<T> {
        // Acquire: pairs with the Release in `grow`.
        self.segments[index].load(Acquire)
    }

    /// Returns the shard of the seat with this id, if it has been allocated.
    pub(crate) fn shard_of(&self, id: usize) -> Option<&Shard<T>> {
        let (index, place) = locate(id, 1);
        let segment = NonNull::new(self.segment(index))?;
        // SAFETY: segment `index` has a shard at `place`, and lives as long as `self`.
        Some(unsafe { segment.add(place).as_ref() })
    }

    /// Returns a bound: every seat that has a shard has an id below it.
    fn end(&self) -> usize {
        let last = self.segments.iter().rposition(|segment| !segment.load(Relaxed).is_null());
        last.map_or(0, |index| 1 << index)
    }

    pub(crate) fn shards(&self) -> impl Iterator<Item = &Shard<T>> {
        (0..self.end()).filter_map(|id| self.shard_of(id))
    }

    /// Returns the shard of `seat`, and allocates it if necessary. `None` if there is no memory.
    fn shard_or_grow(&self, seat: &Seat) -> Option<&Shard<T>> {
        self.shard(seat).or_else(|| {
            self.grow(seat.segment)?;
            self.shard(seat)
        })
    }

    /// Allocates segment `index`, unless another thread does so first. `None` without memory for
    /// it.
    #[cold]
    fn grow(&self, index: usize) -> Option<()> {
        let len = buckets::len(index, 1);
        let first = if index == 0 { 0 } else { len };
        // bug: segment that must have memory
        let mut new = try_slice(len, |i| Shard::<T>::new(first + i))?;
        for (i, shard) in new.iter_mut().enumerate() {
            // bug: hit path skips the hook
            shard
                .header
                .set_owner(ptr::from_ref(self).cast(), self.recycle.is_none().then_some(first + i));
        }
        let new = Box::into_raw(new);
        // bug: shared bits announced too late
        if index >= FIRST_TO_SHARE {
            // Relaxed: a thread that sees a bit of the new shards, or what they hold, sees this
            // too.
            self.shared_bits.store(true, Relaxed);
        }
        // Release: pairs with the Acquire in `segment`.
        // bug: segment of a quicker thread overwritten
        let grown =
            self.segments[index].compare_exchange(ptr::null_mut(), new.cast(), Release, Relaxed);
        if grown.is_err() {
            // SAFETY: another thread was quicker, and no thread has seen ours.
            drop(unsafe { Box::from_raw(new) });
        }
        Some(())
    }

    /// Pins `seat`, and returns its shard, open. `None` without a seat or memory for the shard, or
    /// if a collector has claimed the seat.
    fn pin<'a>(&'a self, seat: Option<&'a Seat>) -> Option<Pinned<'a, T>> {
        let seat = seat?;
        let shard = self.shard_or_grow(seat)?;
        // SAFETY: callers pass their own seat, and no code of this module pins while pinned.
        // bug: generation read before the pin
        let _pin = unsafe { seat.pin() }?;
        // SAFETY: pinned.
        let owner = unsafe { shard.owner() };
        // The generation is read while pinned. Either a collect comes before the pin; then the
        // shard is empty and starts with the new generation. Or it comes after; then it ages the
        // shard.
        // bug: new shard a generation behind
        owner.open(|| self.generation.load(Relaxed), &self.quota);
        // bug: spare cells without a bound
        let _surplus = owner.private().surplus_empties();
        Some(Pinned { shard, owner, _pin, _surplus })
    }

    /// Searches for an idle object: in the thread's own shard, in other shards, on the shelf, among
    /// the victims.
    pub(crate) fn take(&self, seat: Option<&Seat>) -> Option<CellBox<T>> {
        if let Some(Pinned { shard, owner, .. }) = &self.pin(seat) {
            let full = owner.pop(&self.quota);
            if full.is_some() || self.has_nothing(shard) {
                return full;
            }
        }
        let (found, full) = self.search_others(seat);
        self.count(seat, |counters| counters.for_result(found));
        full
    }

    /// Returns whether a few loads show that a search by the owner of `shard` would find nothing,
    /// and if so counts a miss. May be called pinned or unpinned.
    #[inline]
    pub(crate) fn has_nothing(&self, shard: &Shard<T>) -> bool {
        // The bit of this shard is ignored, because `published` knows better, unless other shards
        // share it.
        // bug: own bit ignored although it is shared; quick check overlooks the shelf
        let nothing = shard.is_empty()
            && !self.shared_bits.load(Relaxed)
            && self.map.is_clear(shard.generation.load(Relaxed), shard.id)
            && self.shelf.len() == 0;
        if nothing {
            shard.counters.for_result(Found::Nothing).count();
        }
        nothing
    }

    /// Searches where the owner has not looked yet, in this order: the chains of all shards, the
    /// seat's own first; the shelf; the victims.
    fn search_others(&self, seat: Option<&Seat>) -> (Found, Option<CellBox<T>>) {
        let generation = self.generation.load(Relaxed);
        let (found, full) = self.steal(seat, generation);
        if full.is_some() {
            return (found, full);
        }
        if let Some(full) = self.shelf.pop() {
            // bug: unit lost at the shelf
            self.quota.release(1);
            return (Found::ShelfOrOwnTail, Some(full));
        }
        // bug: victims before the shelf
        match self.take_victim(seat, generation.wrapping_add(1)) {
            None => (Found::Nothing, None),
            full => (Found::Victim, full),
        }
    }

    /// Increments a counter of the seat's shard, which only its owner writes, or of the core if
    /// there is no such shard.
    pub(crate) fn count(&self, seat: Option<&Seat>, of: impl Fn(&Counters) -> &Counter) {
        match seat.and_then(|seat| self.shard(seat)) {
            Some(shard) => of(&shard.counters).count(),
            None => of(&self.counters).add(1),
        }
    }

    /// Steals objects from a chain of this parity, and returns one of them. The others go to the
    /// thief's shard, or to the shelf.
    fn steal(&self, seat: Option<&Seat>, parity: u32) -> (Found, Option<CellBox<T>>) {
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        let batch = &mut batch[..self.quota.batch()];
        let Some((own, count)) =
            self.visit_from_random(seat, parity, |shard| shard.steal(parity, batch))
        else {
            return (Found::Nothing, None);
        };
        let (&first, more) =
            batch[..count].split_first().expect("a successful steal takes at least one object");
        self.keep_loot(seat, more);
        // SAFETY: the steal made it ours.
        let full = Some(unsafe { CellBox::from_raw(first) });
        (if own { Found::ShelfOrOwnTail } else { Found::Steal }, full)
    }

    /// Stores what a thief got besides the object that it returns, whose unit is given back.
    fn keep_loot(&self, seat: Option<&Seat>, more: &[*mut ObjectCell<T>]) {
        let kept = match self.pin(seat) {
            Some(pinned) => pinned.owner.keep_loot(more, &self.quota),
            // bug: units of stolen objects lost
            None => {
                self.quota.release(1);
                0
            }
        };
        let mut rest = List::new();
        // SAFETY: the steal made them ours, and the thief's shard has not kept them.
        more[kept..].iter().for_each(|&cell| rest.push(unsafe { CellBox::from_raw(cell) }));
        // bug: leftovers of a steal dropped
        self.shelf.append(rest);
    }

    /// Takes one victim. The others that were found stay victims, so that only what is used lives
    /// on.
    fn take_victim(&self, seat: Option<&Seat>, parity: u32) -> Option<CellBox<T>> {
        let found = self.visit_from_random(seat, parity, |shard| shard.steal_victims(parity));
        let (_, mut got) = found.unwrap_or((false, List::new()));
        let full = got.pop().or_else(|| self.shelf.pop_aged());
        // bug: victims lost with the one that is used; victims become primary
        self.shelf.append_aged(got);
        self.quota.release(usize::from(full.is_some()));
        full
    }

    /// Calls `visit` on shards that may hold something until it returns something: first on the
    /// seat's own shard, then on the others, starting at a random one. Also returns whether the
    /// result came from the seat's own shard.
    fn visit_from_random<R>(
        &self,
        seat: Option<&Seat>,
        parity: u32,
        mut visit: impl FnMut(&Shard<T>) -> Option<R>,
    ) -> Option<(bool, R)> {
        if let Some(got) = seat.and_then(|seat| self.shard(seat)).and_then(&mut visit) {
            return Some((true, got));
        }
        let random = seat.map_or(0, Seat::random) as usize;
        let mut probes = PROBES;
        for bit in self.map.marked(parity, random) {
            // bug: one of several shards of a bit searched
            if let Some(got) = self.shards_of_bit(bit).find_map(&mut visit) {
                return Some((false, got));
            }
            let holds = || self.shards_of_bit(bit).any(|shard| shard.holds(parity));
            if !self.map.unmark(parity, bit, holds) {
                probes -= 1;
                if probes == 0 {
                    break;
                }
            }
        }
        None
    }

    /// Returns the shards that share this bit of the map.
    fn shards_of_bit(&self, bit: usize) -> impl Iterator<Item = &Shard<T>> {
        (bit..self.end()).step_by(BITS).filter_map(|id| self.shard_of(id))
    }

    /// Stores an object in the seat's shard, or else on the shelf. If the pool is at its bound,
    /// returns the object as the error.
    pub(crate) fn put(&self, seat: Option<&Seat>, mut full: CellBox<T>) -> Result<(), CellBox<T>> {
        let mut ring = None;
        loop {
            let Some(pinned) = self.pin(seat) else {
                return self.shelve(full);
            };
            let pushed = pinned.owner.push(full, &self.quota, &mut ring);
            if let Some(parity) = pinned.owner.has_published() {
                self.map.mark(parity, pinned.shard.id as usize);
            }
            // bug: drop inside the pin
            drop(pinned);
            let slots = match pushed {
                Ok(()) => return Ok(()),
                Err(PushError::AtLimit(full)) => return Err(full),
                Err(PushError::Full(full)) => return self.shelve(full),
                Err(PushError::NeedsRing(back, slots)) => {
                    full = back;
                    slots
                }
            };
            ring = Ring::try_new(slots);
            if ring.is_none() {
                // bug: object without a ring lost
                return self.shelve(full);
            }
        }
    }

    /// Stores an object on the shelf, where every thread finds it. If the pool is at its bound,
    /// returns the object as the error.
    pub(crate) fn shelve(&self, full: CellBox<T>) -> Result<(), CellBox<T>> {
        if self.quota.lease(1) == 0 {
            return Err(full);
        }
        self.shelf.push(full);
        Ok(())
    }

    /// Stores a value in a spare cell of the seat's shard. Returns the value as the error if there
    /// is no spare cell, or no place for it.
    pub(crate) fn put_value(&self, seat: Option<&Seat>, value: T) -> Result<(), T> {
        match self.pin(seat) {
            Some(shard) => {
                shard.owner.private().stage_spares();
                shard.owner.private().put(value)
            }
            None => Err(value),
        }
    }

    /// Takes the value out of an object. Its cell is kept as a spare one.
    pub(crate) fn take_value(&self, seat: Option<&Seat>, full: CellBox<T>) -> T {
        let (value, empty) = full.take_value();
        self.push_empty(seat, empty);
        value
    }

    /// Takes a spare cell out of the seat's shard.
    pub(crate) fn pop_empty(&self, seat: Option<&Seat>) -> Option<EmptyCell<T>> {
        self.pin(seat).and_then(|shard| shard.owner.private().pop_empty())
    }

    /// Keeps a cell as a spare one, or frees it.
    pub(crate) fn push_empty(&self, seat: Option<&Seat>, empty: EmptyCell<T>) {
        let mut empty = Some(empty);
        if let Some(shard) = self.pin(seat) {
            empty = empty.and_then(|empty| shard.owner.private().push_empty(empty));
        }
        drop(empty);
    }
}

impl<T> Drop for Core<T> {
    /// Frees the memory. `Core::empty` has taken out the objects before.
    fn drop(&mut self) {
        for (index, segment) in self.segments.iter().enumerate() {
            let segment = segment.load(Relaxed);
            if !segment.is_null() {
                let shards = ptr::slice_from_raw_parts_mut(segment, buckets::len(index, 1));
                // SAFETY: `&mut self` excludes all other threads, and `grow` made it from a `Box`
                // of this length.
                drop(unsafe { Box::from_raw(shards) });
            }
        }
    }
}

/// The shard of a seat, pinned. The fields are dropped in their order, so that no memory is freed
/// while pinned.
struct Pinned<'a, T> {
    shard: &'a Shard<T>,
    owner: Owner<'a, T>,
    _pin: Pin<'a>,
    /// Spare cells beyond the number that the shard may keep.
    _surplus: Option<List<MaybeUninit<T>>>,
}
