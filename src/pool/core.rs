//! The core, which is the heap part of a pool: searches for objects, and stores them.
//!
//! Callers pass in the seats, so nothing here depends on the state of the process. No user code is
//! called: an object that must be dropped is returned to the caller.

use std::{
    marker::PhantomData,
    ptr::{self, NonNull},
    sync::Arc,
};

use crossbeam_utils::CachePadded;

use super::loans::Loans;
use crate::{
    collect::{own_age::OwnAge, pending::Pending},
    containers::{
        cell::{CellBox, EmptyCell, List, ObjectCell},
        occupancy::{BITS, OccupancyMap},
        quota::Quota,
        ring::Ring,
        shelf::Shelf,
        stock::Stock,
        weight::WeightLimit,
    },
    seat::{
        reading::Reading,
        seat::{Pin, Seat},
        shards::NewTable,
        table::Seats,
    },
    shard::{
        counters::{Counters, Found},
        lookup::{self, NOBODY},
        owner::{Owner, PushError},
        private::magazine::Magazine,
        shard::Shard,
        size::{MAX_BATCH, Size},
    },
    sync::{AtomicBool, AtomicU32, AtomicUsize, PLAIN_ATOMICS, Relaxed, UnsafeCell},
    util::{
        counter::Counter,
        try_alloc::{NO_MEMORY, try_box},
    },
};

/// How many contended bits a search visits in each generation before it gives up. A bit is
/// contended if its shards hold something, but other threads were quicker to take it. If the shards
/// hold nothing, the search clears the bit, so each mark costs one visit.
const PROBES: usize = 8;

/// The index of a pool that has none.
pub(crate) const NO_INDEX: usize = usize::MAX;

/// The heap part of a pool. Only collectors write to the first cache lines, because every guard that
/// is dropped reads them.
#[repr(C, align(128))]
pub(crate) struct Core<T> {
    /// The index at which a guard finds the shard that its object goes back to: the pool's, or
    /// [`NO_INDEX`] if the pool has a hook, which must be called for every object that comes back.
    pub(crate) return_index: AtomicUsize,
    /// The index of this pool in the registry and in the tables of seats. Both are stored once,
    /// before the core is shared.
    pub(crate) index: AtomicUsize,
    /// The seats of the threads that use the pool.
    pub(crate) seats: Arc<Seats>,
    /// The hook that runs on each object that comes back.
    pub(crate) recycle: Option<fn(&mut T) -> bool>,
    /// The bound on the weight of idle objects, if the pool has one.
    pub(crate) weight_limit: Option<WeightLimit<T>>,
    /// Objects, cells and shards that a collect has taken out. Used under the registry's lock.
    pub(crate) pending: UnsafeCell<Pending<T>>,
    pub(crate) map: CachePadded<OccupancyMap>,
    /// This and the next two fill a pair of cache lines.
    pub(crate) shelf: Shelf<T>,
    /// Spare cells that shards have too many of: those of values that one thread takes and another
    /// puts.
    pub(crate) stock: Stock<T>,
    /// Objects that were created while others were idle, and not dropped since.
    pub(super) extra: AtomicUsize,
    pub(crate) quota: Quota,
    /// Counts the flips. Written under the registry's lock.
    pub(crate) generation: AtomicU32,
    /// Whether shards may share bits of the map.
    shared_bits: AtomicBool,
    /// The number of shards.
    pub(crate) shard_count: AtomicUsize,
    /// Counters for threads without a shard, and the hits of shards that were freed.
    pub(crate) counters: Counters,
    pub(crate) hits: Counter,
    pub(crate) dropped: Counter,
    /// When the pool aged in its own calls, where it does.
    pub(crate) own_age: OwnAge,
    pub(crate) loans: Loans,
    owns: PhantomData<T>,
}

// SAFETY: a core owns objects and hands each to one thread at a time.
unsafe impl<T: Send> Send for Core<T> {}
// SAFETY: as above; no `&T` is ever made.
unsafe impl<T: Send> Sync for Core<T> {}

impl<T> Core<T> {
    /// Creates a core for at most `max_idle` idle objects, for the threads that have `seats`.
    pub(crate) fn new(seats: &Arc<Seats>, max_idle: usize) -> Box<Self> {
        Self::with(seats, Quota::new(max_idle, Size::<T>::MAGAZINE), None)
    }

    /// Creates a core for at most `max_idle` idle objects, which weigh at most `most` in total.
    pub(crate) fn weighed(
        seats: &Arc<Seats>,
        max_idle: usize,
        weigh: fn(&T) -> usize,
        most: usize,
    ) -> Box<Self> {
        let weight_limit = WeightLimit::try_new(weigh, most).expect(NO_MEMORY);
        Self::with(seats, Quota::new(max_idle, 0).weighed(), Some(weight_limit))
    }

    fn with(seats: &Arc<Seats>, quota: Quota, weight_limit: Option<WeightLimit<T>>) -> Box<Self> {
        const { assert!(!PLAIN_ATOMICS || size_of::<Self>() <= 512) };
        let core = try_box(Self {
            return_index: AtomicUsize::new(NO_INDEX),
            index: AtomicUsize::new(NO_INDEX),
            seats: Arc::clone(seats),
            recycle: None,
            weight_limit,
            map: CachePadded::new(OccupancyMap::new()),
            shelf: Shelf::new(),
            stock: Stock::new(),
            quota,
            generation: AtomicU32::new(0),
            shared_bits: AtomicBool::new(false),
            shard_count: AtomicUsize::new(0),
            counters: Counters::default(),
            hits: Counter::default(),
            dropped: Counter::default(),
            extra: AtomicUsize::new(0),
            own_age: OwnAge::new(),
            loans: Loans::new(),
            pending: UnsafeCell::new(Pending::new()),
            owns: PhantomData,
        });
        // bug: first use that aborts
        core.expect(NO_MEMORY)
    }

    /// Returns whether objects come back without a call of user code.
    pub(crate) fn is_plain(&self) -> bool {
        self.recycle.is_none() && self.weight_limit.is_none()
    }

    pub(crate) fn index(&self) -> usize {
        self.index.load(Relaxed)
    }

    /// Returns the shard of `seat`, if there is one.
    ///
    /// # Safety
    ///
    /// The caller has pinned or claimed the seat, and keeps it so as long as it uses the shard; or
    /// holds the seat, unpinned, together with the registry's lock.
    #[inline]
    pub(crate) unsafe fn own_shard(&self, seat: &Seat) -> Option<&Shard<T>> {
        // SAFETY: the caller's promise; our index is that of our shards.
        unsafe { lookup::own(seat, self.index()) }
    }

    /// Returns the shard of `seat`, if there is one, for any thread.
    #[inline]
    pub(crate) fn shard<'a>(&self, seat: &Seat, reading: &'a Reading<'_>) -> Option<&'a Shard<T>> {
        // SAFETY: our index is that of our shards.
        unsafe { lookup::shared(seat, self.index(), reading) }
    }

    /// Returns all shards.
    pub(crate) fn shards<'a>(
        &'a self,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = &'a Shard<T>> {
        self.seats.all(0, 1).filter_map(|seat| self.shard(seat, reading))
    }

    /// Allocates a shard for `seat`, which has none, and its entry in the seat's table. `None` if
    /// there is no memory, or if a collector has claimed the seat.
    #[cold]
    fn add_shard(&self, seat: &Seat) -> Option<()> {
        let (new, index) = (Shard::<T>::try_new(seat.id)?, self.index());
        let mut table = None;
        loop {
            // SAFETY: as in `pin`.
            let pin = unsafe { seat.pin() }?;
            // The end of the pool has claimed the seat, or is still to claim it.
            // bug: shard added after the end
            if self.has_ended() {
                return None;
            }
            if !seat.has_entry(index, &pin) {
                let Some(longer) = table.take() else {
                    drop(pin);
                    // bug: table that must have memory
                    table = Some(NewTable::try_new(index, NOBODY)?);
                    continue;
                };
                seat.grow_table(longer, &pin);
            }
            // bug: shared bits announced too late
            if seat.id >= BITS {
                // Relaxed: a thread that sees a bit of the new shard, or what it holds, sees this
                // too.
                self.shared_bits.store(true, Relaxed);
            }
            self.shard_count.fetch_add(1, Relaxed);
            let new = NonNull::from(Box::leak(new));
            seat.add_shard(index, new.cast(), &pin);
            return Some(());
        }
    }

    /// Pins `seat`, and returns its shard, open. `None` without a seat or memory for the shard, or
    /// if a collector has claimed the seat.
    fn pin<'a>(&'a self, seat: Option<&'a Seat>) -> Option<Pinned<'a, T>> {
        let seat = seat?;
        // SAFETY: callers pass their own seat, and no code of this module pins while pinned.
        let mut _pin = unsafe { seat.pin() }?;
        // SAFETY: pinned.
        let shard = match unsafe { self.own_shard(seat) } {
            Some(shard) => shard,
            None => {
                drop(_pin);
                self.add_shard(seat)?;
                // SAFETY: as above.
                _pin = unsafe { seat.pin() }?;
                // SAFETY: pinned.
                unsafe { self.own_shard(seat) }?
            }
        };
        // SAFETY: pinned.
        let owner = unsafe { shard.owner() };
        // The generation is read while pinned. Either a collect comes before the pin; then the
        // shard is empty and starts with the new generation. Or it comes after; then it ages the
        // shard.
        // bug: new shard a generation behind; generation read before the pin
        owner.open(|| self.generation.load(Relaxed));
        Some(Pinned { shard, owner, _pin })
    }

    /// Searches for an idle object that no other thread keeps private: in the thread's own shard, in
    /// other shards, on the shelf, among the victims. Counts what it finds.
    pub(crate) fn take(&self, seat: Option<&Seat>) -> Option<CellBox<T>> {
        if let Some(pinned) = &self.pin(seat) {
            self.unreserve(&pinned.owner);
            let full = pinned.owner.pop(&self.quota);
            pinned.owner.private().forget_reservation();
            self.mark(pinned);
            if full.is_some() || self.has_nothing(pinned.shard) {
                return full;
            }
        }
        let (found, full) = self.search_others(seat);
        if full.is_some() {
            self.count(seat, |counters| counters.for_result(found));
        }
        full
    }

    /// Returns whether a few loads show that a search by the owner of `shard` would find nothing.
    /// May be called pinned or unpinned.
    #[inline]
    pub(crate) fn has_nothing(&self, shard: &Shard<T>) -> bool {
        // The bit of this shard is ignored, because `published` knows better, unless other shards
        // share it.
        // bug: own bit ignored although it is shared; quick check overlooks the shelf
        shard.is_empty()
            && !self.shared_bits.load(Relaxed)
            && self.map.is_clear(shard.generation.load(Relaxed), shard.id)
            && self.shelf.len() == 0
    }

    /// As [`has_nothing`](Self::has_nothing). Counts a miss if there is nothing.
    #[inline]
    pub(crate) fn misses(&self, shard: &Shard<T>) -> bool {
        let nothing = self.has_nothing(shard);
        if nothing {
            shard.shared.counters.for_result(Found::Nothing).count();
        }
        nothing
    }

    /// Marks what the owner of a pinned shard has done in the occupancy map.
    fn mark(&self, pinned: &Pinned<'_, T>) {
        let id = pinned.shard.id as usize;
        if let Some(parity) = pinned.owner.has_published() {
            self.map.mark(parity, id);
        }
        if pinned.owner.has_enabled() {
            self.map.enable(id);
        }
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
    /// there is no such shard, or it cannot be used now.
    pub(crate) fn count(&self, seat: Option<&Seat>, of: impl Fn(&Counters) -> &Counter) {
        if self.with_own(seat, |shard| of(&shard.shared.counters).count()).is_none() {
            of(&self.counters).add(1);
        }
    }

    /// Calls `f` on the shard of `seat`, pinned. Returns `None` if there is no such shard, or a
    /// collector has claimed the seat.
    pub(crate) fn with_own<R>(
        &self,
        seat: Option<&Seat>,
        f: impl FnOnce(&Shard<T>) -> R,
    ) -> Option<R> {
        let seat = seat?;
        // SAFETY: as in `pin`.
        let _pin = unsafe { seat.pin() }?;
        // SAFETY: pinned.
        unsafe { self.own_shard(seat) }.map(f)
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
    pub(super) fn keep_loot(&self, seat: Option<&Seat>, more: &[*mut ObjectCell<T>]) {
        let mut magazine = None;
        let wants = |pinned: &Pinned<'_, T>| {
            let wants = pinned.owner.wants_magazine_for_loot(&self.quota);
            self.mark(pinned);
            wants
        };
        if !more.is_empty() && self.pin(seat).as_ref().is_some_and(wants) {
            magazine = Magazine::try_new();
        }
        let kept = match self.pin(seat) {
            Some(pinned) => {
                pinned.add_magazine(&mut magazine, &self.quota);
                let kept = pinned.owner.keep_loot(more, &self.quota);
                self.mark(&pinned);
                kept
            }
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
        let may_hold = |shard: &Shard<T>| shard.may_hold(parity);
        if self.with_own(seat, may_hold) != Some(true) && self.map.is_unmarked(parity) {
            return None;
        }
        // Over the whole search: collectors free shards, even the seat's own.
        let reading = &self.seats.read(seat);
        if let Some(got) = seat.and_then(|seat| self.shard(seat, reading)).and_then(&mut visit) {
            return Some((true, got));
        }
        let random = seat.map_or(0, Seat::random) as usize;
        let mut probes = PROBES;
        for bit in self.map.marked(parity, random) {
            // bug: one of several shards of a bit searched
            if let Some(got) = self.shards_of_bit(bit, reading).find_map(&mut visit) {
                return Some((false, got));
            }
            let holds = || self.shards_of_bit(bit, reading).any(|shard| shard.holds(parity));
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
    pub(super) fn shards_of_bit<'a>(
        &'a self,
        bit: usize,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = &'a Shard<T>> {
        self.seats.all(bit, BITS).filter_map(|seat| self.shard(seat, reading))
    }

    /// Stores an object in the seat's shard, or else on the shelf. If the pool is at its bound,
    /// returns the object as the error.
    pub(crate) fn put(&self, seat: Option<&Seat>, mut full: CellBox<T>) -> Result<(), CellBox<T>> {
        let (mut ring, mut magazine) = (None, None);
        loop {
            let Some(pinned) = self.pin(seat) else {
                return self.shelve(full);
            };
            pinned.add_magazine(&mut magazine, &self.quota);
            let pushed = pinned.owner.push(full, &self.quota, &mut ring);
            self.mark(&pinned);
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
                Err(PushError::NeedsMagazine(back)) => {
                    magazine = Magazine::try_new();
                    if magazine.is_none() {
                        // bug: object without a magazine lost
                        return self.shelve(back);
                    }
                    full = back;
                    continue;
                }
            };
            ring = Ring::try_new(slots);
            if ring.is_none() {
                // bug: object without a ring lost
                return self.shelve(full);
            }
        }
    }

    /// Stores an object of this weight in the slot of the seat's shard, in a pool that weighs. Returns
    /// the object as the error if that is not possible.
    pub(crate) fn put_in_slot(
        &self,
        seat: Option<&Seat>,
        full: CellBox<T>,
        weight: usize,
    ) -> Result<(), CellBox<T>> {
        let Some((pinned, limit)) = self.pin(seat).zip(self.weight_limit.as_ref()) else {
            return Err(full);
        };
        pinned.owner.enable_slot();
        let kept = pinned.owner.private().keep_weighed(full, weight, &self.quota, limit);
        self.mark(&pinned);
        // An object that is returned here is dropped by the caller, unpinned.
        kept
    }

    /// Gives up the weight that a shard has reserved and does not use, before its private objects go
    /// elsewhere.
    pub(crate) fn unreserve(&self, owner: &Owner<'_, T>) {
        if let Some(limit) = &self.weight_limit {
            owner.private().unreserve(limit);
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

    /// Stores a value in a spare cell, without allocating memory. Returns the value as the error if
    /// there is no spare cell, or no place for it.
    pub(crate) fn put_value(&self, seat: Option<&Seat>, value: T) -> Result<(), T> {
        // bug: value kept without being weighed
        if self.weight_limit.is_some() {
            return Err(value);
        }
        let value = match self.put_in_spare(seat, value) {
            Err(value) if self.restock(seat) => value,
            result => return result,
        };
        self.put_in_spare(seat, value)
    }

    /// Stores a value in a spare cell of the seat's shard.
    fn put_in_spare(&self, seat: Option<&Seat>, value: T) -> Result<(), T> {
        let Some(pinned) = self.pin(seat) else { return Err(value) };
        let private = pinned.owner.private();
        private.stage_spares();
        let Err(value) = private.put(value) else { return Ok(()) };
        let Some(empty) = private.pop_empty() else { return Err(value) };
        let pushed = pinned.owner.push(empty.fill(value), &self.quota, &mut None);
        self.mark(&pinned);
        pushed.map_err(|error| {
            let (value, empty) = error.into_object().take_value();
            // Kept: it was one of the shard's.
            let _none = private.push_empty(empty);
            value
        })
    }

    /// Returns whether the seat has a shard without spare cells.
    fn is_out_of_cells(&self, seat: Option<&Seat>) -> bool {
        self.pin(seat).is_some_and(|pinned| pinned.owner.private().has_no_empties())
    }

    /// Takes spare cells from the stock, if the seat's shard has none. Returns whether it has some
    /// then.
    fn restock(&self, seat: Option<&Seat>) -> bool {
        if self.stock.is_empty() || !self.is_out_of_cells(seat) {
            return false;
        }
        let Some(mut batch) = self.stock.take() else { return false };
        match self.pin(seat) {
            Some(pinned) => pinned.owner.private().add_empties(&mut batch),
            None => return false,
        }
        true
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

    /// Keeps a cell as a spare one, or frees it. If the seat's shard has too many, half of them go to
    /// the stock.
    pub(crate) fn push_empty(&self, seat: Option<&Seat>, empty: EmptyCell<T>) {
        let (mut empty, mut surplus) = (Some(empty), None);
        if let Some(pinned) = self.pin(seat) {
            empty = empty.and_then(|empty| pinned.owner.private().push_empty(empty));
            // bug: spare cells without a bound
            surplus = pinned.owner.private().surplus_empties();
        }
        drop(empty);
        // Those for which the stock has no place are freed.
        drop(surplus.and_then(|surplus| self.stock.add(surplus)));
    }
}

impl<T> Core<T> {
    /// Removes all shards from the tables of their seats, calls `f` on each, and frees it.
    ///
    /// The caller holds the registry's lock, and no other thread uses the pool.
    pub(crate) fn take_shards(&mut self, mut f: impl FnMut(&Shard<T>, &Quota)) {
        for seat in self.seats.all(0, 1) {
            if self.shard_count.load(Relaxed) == 0 {
                return;
            }
            if let Some(shard) = self.take_shard(seat) {
                f(&shard, &self.quota);
            }
        }
    }

    /// Removes the shard of `seat` from its table. The caller holds the registry's lock, and no other
    /// thread uses the shard.
    pub(crate) fn take_shard(&self, seat: &Seat) -> Option<Box<Shard<T>>> {
        let shard = seat.take_shard(self.index(), NOBODY)?;
        self.shard_count.fetch_sub(1, Relaxed);
        // SAFETY: made from a `Box` by `add_shard`, and no other thread uses it.
        Some(unsafe { Box::from_raw(shard.cast().as_ptr()) })
    }
}

/// The shard of a seat, pinned.
struct Pinned<'a, T> {
    shard: &'a Shard<T>,
    owner: Owner<'a, T>,
    _pin: Pin<'a>,
}

impl<T> Pinned<'_, T> {
    /// Adds the magazine, if there is one, and the shard has none yet.
    fn add_magazine(&self, magazine: &mut Option<Magazine<T>>, quota: &Quota) {
        if magazine.is_some() && self.owner.private().lacks_magazine(quota) {
            let new = magazine.take().into_iter();
            new.for_each(|magazine| self.owner.private().add_magazine(magazine, quota));
        }
    }
}
