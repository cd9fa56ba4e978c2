//! The core, which is the heap part of a pool: its shards, and what they share.
//!
//! `take.rs` searches for objects, and `put.rs` stores them. Callers pass in the seats, so nothing
//! there or here depends on the state of the process. No user code is called: an object that must be
//! dropped is returned to the caller.

use std::{marker::PhantomData, ptr::NonNull, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{loans::Loans, manager_box::ManagerBox};
use crate::{
    chaos_mode::Hooks,
    collect::{pending::Pending, without_thread::OwnAge},
    containers::{
        occupancy::{BITS, OccupancyMap},
        pointer_table::NewTable,
        quota::{CommonUnits, Quota},
        shelf::Shelf,
        stock::Stock,
        weight::WeightLimit,
    },
    seat::{
        reading::Reading,
        seat::{Pin, Seat},
        table::Seats,
    },
    shard::{
        counters::{Counters, Found},
        drops::Drops,
        lookup::{self, NOBODY, Shards},
        owner::Owner,
        private::magazine::NewMagazine,
        shard::Shard,
        size::Size,
    },
    sync::{AtomicBool, AtomicU32, AtomicUsize, PLAIN_ATOMICS, Relaxed, UnsafeCell},
    trace,
    util::{counter::Counter, try_alloc::try_box},
};

/// The index of a pool that has none.
pub(crate) const NO_INDEX: usize = usize::MAX;

/// The size of the largest core in cache lines, or in pairs of lines that are fetched together. On s390x
/// a line has 256 bytes.
const LINES: usize = 4 + size_of::<Hooks<()>>().div_ceil(128);

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
    /// The hook that runs on each object that comes back, after the manager's.
    pub(crate) recycle: Option<fn(&mut T) -> bool>,
    /// Set at the pool's first use. `None` in tests.
    pub(crate) manager: Option<ManagerBox<T>>,
    /// Set at the pool's first use.
    pub(crate) chaos: Hooks<T>,
    /// The bound on the weight of idle objects, if the pool has one.
    pub(crate) weight_limit: Option<WeightLimit<T>>,
    /// Objects, cells and shards that a collect has taken out. Used under the registry's lock.
    pub(crate) pending: UnsafeCell<Pending<T>>,
    /// The number of idle objects that collects leave.
    pub(crate) min_idle: AtomicUsize,
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
    /// Whether collects age the pool.
    pub(crate) is_collected: bool,
    /// Whether the pool is being cleared. Used under the registry's lock.
    pub(super) clearing: AtomicBool,
    /// The number of shards.
    pub(crate) shard_count: AtomicUsize,
    /// Counters for threads without a shard, and the hits of shards that were freed.
    pub(crate) counters: Counters,
    pub(crate) drops: Drops,
    /// Objects that were detached or drained, less those that were attached. May wrap below 0.
    pub(super) left: Counter,
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
    #[cfg(any(test, corepool_fuzzing))]
    pub(crate) fn new(seats: &Arc<Seats>, max_idle: usize) -> Box<Self> {
        Self::try_new(seats, max_idle, None).expect("there is memory for a pool")
    }

    /// Creates a core for at most `max_idle` idle objects, whose units are some of `common`, if there
    /// is any. Returns `None` if there is no memory, as the next function does.
    pub(crate) fn try_new(
        seats: &Arc<Seats>,
        max_idle: usize,
        common: Option<Arc<CommonUnits>>,
    ) -> Option<Box<Self>> {
        Self::try_with(seats, Quota::new(max_idle, Size::<T>::MAGAZINE).within(common), None)
    }

    /// Creates a core for at most `max_idle` idle objects, which weigh at most `most` in total.
    pub(crate) fn try_weighed(
        seats: &Arc<Seats>,
        max_idle: usize,
        weigh: fn(&T) -> usize,
        most: usize,
    ) -> Option<Box<Self>> {
        let weight_limit = WeightLimit::try_new(weigh, most)?;
        Self::try_with(seats, Quota::new(max_idle, Size::<T>::MAGAZINE), Some(weight_limit))
    }

    fn try_with(
        seats: &Arc<Seats>,
        quota: Quota,
        weight_limit: Option<WeightLimit<T>>,
    ) -> Option<Box<Self>> {
        // Locks of other systems than Linux are larger.
        const SMALL_LOCKS: bool = PLAIN_ATOMICS && cfg!(target_os = "linux");
        const { assert!(!SMALL_LOCKS || size_of::<Self>() <= LINES * align_of::<Self>()) };
        try_box(Self {
            return_index: AtomicUsize::new(NO_INDEX),
            index: AtomicUsize::new(NO_INDEX),
            seats: Arc::clone(seats),
            recycle: None,
            manager: None,
            chaos: Hooks::none(),
            weight_limit,
            map: CachePadded::new(OccupancyMap::new()),
            shelf: Shelf::new(),
            stock: Stock::new(),
            quota,
            is_collected: true,
            clearing: AtomicBool::new(false),
            min_idle: AtomicUsize::new(0),
            generation: AtomicU32::new(0),
            shared_bits: AtomicBool::new(false),
            shard_count: AtomicUsize::new(0),
            counters: Counters::default(),
            drops: Drops::new(),
            left: Counter::default(),
            extra: AtomicUsize::new(0),
            own_age: OwnAge::new(),
            loans: Loans::new(),
            pending: UnsafeCell::new(Pending::new()),
            owns: PhantomData,
        })
    }

    /// Returns whether objects come back without a call of user code.
    pub(crate) fn is_plain(&self) -> bool {
        self.recycle.is_none() && self.weight_limit.is_none() && !self.manager_recycles()
    }

    /// Returns the name of the pool for reports, or an empty string.
    pub(crate) fn name(&self) -> &'static str {
        self.manager.as_ref().map_or("", ManagerBox::name)
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
    pub(crate) fn shards<'a>(&'a self, reading: &'a Reading<'_>) -> Shards<'a, T> {
        // SAFETY: our index is that of our shards.
        unsafe { lookup::all_shared(self.seats.all(0, 1), self.index(), reading) }
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
            drop(pin);
            trace::note_shard(self.name());
            return Some(());
        }
    }

    /// Pins `seat`, and returns its shard, open. `None` without a seat or memory for the shard, or
    /// if a collector has claimed the seat.
    pub(super) fn pin<'a>(&'a self, seat: Option<&'a Seat>) -> Option<Pinned<'a, T>> {
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
        let owner = unsafe { shard.owner() }.within(self.weight_limit.as_ref());
        // The generation is read while pinned. Either a collect comes before the pin; then the
        // shard is empty and starts with the new generation. Or it comes after; then it ages the
        // shard.
        // bug: new shard a generation behind; generation read before the pin
        owner.open(|| self.generation.load(Relaxed));
        Some(Pinned { shard, owner, _pin })
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
    pub(super) fn mark(&self, pinned: &Pinned<'_, T>) {
        let id = pinned.shard.id as usize;
        if let Some(parity) = pinned.owner.has_published() {
            self.map.mark(parity, id);
        }
        if pinned.owner.has_enabled() {
            self.map.enable(id);
        }
    }

    /// Increments a counter of the seat's shard, which only its owner writes, or of the core if
    /// there is no such shard, or it cannot be used now.
    pub(crate) fn count(&self, seat: Option<&Seat>, of: &dyn Fn(&Counters) -> &Counter) {
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
        // SAFETY: the pin outlives the call.
        let (shard, _pin) = unsafe { self.pin_own(seat) }?;
        Some(f(shard))
    }

    /// Pins `seat`, and returns its shard, if there is one. `None` if a collector has claimed the seat.
    ///
    /// # Safety
    ///
    /// The shard is not used after the pin was dropped.
    unsafe fn pin_own<'a>(&'a self, seat: Option<&'a Seat>) -> Option<(&'a Shard<T>, Pin<'a>)> {
        let seat = seat?;
        // SAFETY: as in `pin`.
        let pin = unsafe { seat.pin() }?;
        // SAFETY: pinned, for as long as the caller uses the shard.
        Some((unsafe { self.own_shard(seat) }?, pin))
    }

    /// Returns the shards that share this bit of the map.
    pub(super) fn shards_of_bit<'a>(
        &'a self,
        bit: usize,
        reading: &'a Reading<'_>,
    ) -> Shards<'a, T> {
        // SAFETY: our index is that of our shards.
        unsafe { lookup::all_shared(self.seats.all(bit, BITS), self.index(), reading) }
    }
}

impl<T> Core<T> {
    /// Allocates a magazine for a shard. `None` if there is no memory.
    pub(super) fn new_magazine(&self) -> Option<NewMagazine<T>> {
        NewMagazine::try_new(self.weight_limit.is_some())
    }

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
pub(super) struct Pinned<'a, T> {
    pub(super) shard: &'a Shard<T>,
    pub(super) owner: Owner<'a, T>,
    _pin: Pin<'a>,
}

impl<T> Pinned<'_, T> {
    /// Adds the magazine, if there is one, and the shard has none yet.
    pub(super) fn add_magazine(&self, magazine: &mut Option<NewMagazine<T>>, quota: &Quota) {
        if magazine.is_some() && self.owner.private().lacks_magazine(quota) {
            let new = magazine.take().into_iter();
            new.for_each(|magazine| self.owner.private().add_magazine(magazine, quota));
        }
    }
}
