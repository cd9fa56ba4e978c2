//! The part of a buffer pool that is on the heap: a [`Pool`] for each size class, and the hints.
//!
//! A request looks in its class, then in the next one, and then creates a buffer. A returned buffer
//! goes back to the class that its capacity belongs to by then, or is dropped.

use std::{collections::TryReserveError, thread::panicking};

use super::{
    class::Sizes,
    classes::{ADOPTED, Classes, NONE, OVERSIZE, Storage},
    hint::{Hints, Stripe},
    options::Options,
    stats::BufferStats,
};
use crate::{
    pool::{pool::Pool, pooled::Pooled},
    sync::{AtomicBool, Relaxed, SeqCst, fence},
    util::{likely::likely, try_alloc::NO_MEMORY, wrapped::not_below_zero},
};

/// Requests for more than is kept are rounded up to a multiple of this.
const PAGE: usize = 4096;

pub(crate) struct BufferCore {
    options: Options,
    hints: Hints,
    classes: Classes,
    /// Whether the pool was dropped, and only buffers that do not borrow it are left.
    ended: AtomicBool,
}

impl BufferCore {
    pub(super) fn new(options: Options) -> Self {
        let sizes = options.sizes;
        // So the check for wiping costs the hit path nothing.
        // bug: the fast check skips wiping
        let sizes = if options.wipes() { sizes.without_fast_check() } else { sizes };
        Self {
            options: Options { sizes, ..options },
            hints: Hints::new(options.initial_class()),
            classes: Classes::new(options.max_idle),
            ended: AtomicBool::new(false),
        }
    }

    /// Returns an empty buffer of the class that this thread's stripe has learnt. The stripe learns
    /// from it when it comes back.
    #[inline(always)]
    pub(super) fn get_hinted(&self) -> Pooled<'_, Storage> {
        let stripe = Hints::here();
        let class = self.hints.stripe(stripe).class();
        let mut guard = match self.classes.get(class).try_hit() {
            Some(guard) => guard,
            None => self.get_hinted_slow(stripe, class),
        };
        guard.stripe = stripe;
        guard
    }

    #[cold]
    #[inline(never)]
    fn get_hinted_slow(&self, stripe: u8, class: u8) -> Pooled<'_, Storage> {
        if self.sizes().max() == 0 {
            return self.get_oversize(self.options.initial_capacity);
        }
        if let Some(guard) = self.try_get_beyond(class) {
            return guard;
        }
        let initial = self.options.initial_class();
        // bug: an initial capacity has to be confirmed
        let may_make = class <= initial
            || self.hints.try_make(stripe).is_some_and(|stripe| stripe.may_make(self.sizes()));
        if may_make { self.new_of_class(class) } else { self.get_of_class(initial) }
    }

    /// Returns an empty buffer of at least `capacity` bytes. No stripe learns from it.
    #[inline]
    pub(super) fn get_sized(&self, capacity: usize) -> Pooled<'_, Storage> {
        let mut guard = match self.sizes().class_for_request(capacity) {
            Some(class) => self.get_of_class(class),
            None => self.get_oversize(capacity),
        };
        // bug: with_capacity teaches the hint
        guard.stripe = NONE;
        guard
    }

    /// Like `get_sized`, but fails if the buffer's memory cannot be allocated.
    pub(super) fn try_get_sized(
        &self,
        capacity: usize,
    ) -> Result<Pooled<'_, Storage>, TryReserveError> {
        let class = self.sizes().class_for_request(capacity);
        if let Some(mut guard) = class.and_then(|class| self.try_get_of_class(class)) {
            guard.stripe = NONE;
            return Ok(guard);
        }
        let mut vec = Vec::new();
        vec.try_reserve_exact(self.rounded(capacity))?;
        let mut guard = self.class(class.unwrap_or(OVERSIZE)).get_new();
        *guard = Storage { vec, class: class.unwrap_or(NONE), ..Storage::new() };
        self.count_out(&mut guard);
        Ok(guard)
    }

    /// Returns a guard of a buffer that was allocated elsewhere.
    pub(super) fn adopt(&self, vec: Vec<u8>) -> Pooled<'_, Storage> {
        let mut guard = self.class(ADOPTED).get_new();
        guard.vec = vec;
        self.count_out(&mut guard);
        guard
    }

    /// Returns a buffer of this class or of the next one, idle or new.
    #[inline]
    fn get_of_class(&self, class: u8) -> Pooled<'_, Storage> {
        match self.classes.get(class).try_hit() {
            Some(guard) => guard,
            None => self.get_of_class_slow(class),
        }
    }

    #[cold]
    #[inline(never)]
    fn get_of_class_slow(&self, class: u8) -> Pooled<'_, Storage> {
        self.try_get_beyond(class).unwrap_or_else(|| self.new_of_class(class))
    }

    fn new_of_class(&self, class: u8) -> Pooled<'_, Storage> {
        let mut guard = self.class(class).get_new();
        guard.vec.reserve_exact(self.sizes().size(class));
        guard.class = class;
        guard
    }

    /// Returns an idle buffer of this class or of the next one.
    fn try_get_of_class(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        self.classes.get(class).try_hit().or_else(|| self.try_get_beyond(class))
    }

    /// Returns an idle buffer of this class or of the next one, after a hit on this class has failed. Not
    /// of a larger one: small requests would keep large buffers from ageing.
    fn try_get_beyond(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        if let Some(guard) = self.classes.made(class).and_then(Pool::try_get_beyond) {
            return Some(guard);
        }
        // bug: search continues in all larger classes
        let last = self.sizes().top().min(class + 1);
        let larger = class + 1..=last;
        larger.filter_map(|class| self.classes.made(class)).find_map(Pool::try_get_modest)
    }

    /// Returns a new buffer that is larger than the pool keeps.
    #[cold]
    #[inline(never)]
    fn get_oversize(&self, capacity: usize) -> Pooled<'_, Storage> {
        let mut guard = self.class(OVERSIZE).get_new();
        guard.vec.reserve_exact(self.rounded(capacity));
        self.count_out(&mut guard);
        guard
    }

    /// Returns the capacity to allocate for a request.
    fn rounded(&self, capacity: usize) -> usize {
        match self.sizes().class_for_request(capacity) {
            Some(class) => self.sizes().size(class),
            None => capacity.checked_next_multiple_of(PAGE).unwrap_or(capacity),
        }
    }

    /// Returns the pool of a class.
    ///
    /// # Panics
    ///
    /// If it has to be made, and there is no memory.
    fn class(&self, class: u8) -> &Pool<Storage> {
        self.classes.try_make(class, &self.options).expect(NO_MEMORY)
    }

    #[inline]
    fn sizes(&self) -> Sizes {
        self.options.sizes
    }

    /// Takes a buffer back. Most have kept their capacity and teach nothing, which two fast checks
    /// confirm. All others take the slow path.
    #[inline]
    pub(super) fn take_back(&self, mut guard: Pooled<'_, Storage>) {
        let Storage { ref vec, class, stripe, .. } = *guard;
        let same_class = self.sizes().still_in_class(class, vec.capacity());
        let settled = || stripe == NONE || self.hints.stripe(stripe).is_settled(class, vec.len());
        if likely(same_class && settled()) {
            // bug: a buffer shows old bytes
            guard.vec.clear();
        } else {
            self.take_back_slow(guard);
        }
    }

    /// Takes back a buffer that may have changed its class, may teach something or must be wiped.
    #[inline(never)]
    fn take_back_slow(&self, mut guard: Pooled<'_, Storage>) {
        // bug: rounded down by the length
        let class = self.sizes().class_of_capacity(guard.vec.capacity());
        let grown = class != Some(guard.class);
        let underused = guard.stripe != NONE && self.learn(&guard, grown);
        self.wipe(&mut guard.vec);
        // bug: a grown buffer shows old bytes
        guard.vec.clear();
        // bug: a grown buffer stays in its class
        if grown || underused {
            self.reclassify(guard, class.filter(|_| !underused));
        }
    }

    /// Teaches the buffer's stripe. Returns whether the buffer must be dropped.
    fn learn(&self, storage: &Storage, grown: bool) -> bool {
        let capacity = storage.vec.capacity();
        // A `Vec` that grows at least doubles its capacity, so more than half was used.
        let needed = if grown { capacity / 2 + 1 } else { 0 };
        let used = storage.vec.len().max(needed);
        // bug: the dropping thread learns
        let stripe = self.hints.try_make(storage.stripe);
        stripe.is_some_and(|stripe| stripe.learn(used, capacity, self.sizes()))
    }

    /// Moves a buffer to `class`, or drops it if there is none, if there is no memory for it, or if the
    /// thread is panicking.
    fn reclassify(&self, guard: Pooled<'_, Storage>, class: Option<u8>) {
        // bug: buffer kept during a panic
        let Some(class) = class.filter(|_| !panicking()) else {
            self.count_refused(guard.vec.capacity());
            return self.discard(guard);
        };
        // bug: grown buffer that must have memory
        let Some(pool) = self.classes.try_make(class, &self.options) else {
            return self.discard(guard);
        };
        let storage = Storage { class, stripe: NONE, ..self.detach(guard) };
        // bug: moved buffers not outstanding
        pool.put_attached(storage);
        // SeqCst: pairs with the fence in `end`. Either the caller sees that the pool has ended, or `end`
        // sees the class, which may have been made for this buffer.
        fence(SeqCst);
    }

    /// Counts a buffer that is dropped because it is larger than the pool keeps, or too little of it was
    /// used.
    fn count_refused(&self, capacity: usize) {
        if capacity > self.sizes().max() {
            self.stripe().oversize.fetch_add(1, Relaxed);
        } else if self.sizes().class_of_capacity(capacity).is_some() && !panicking() {
            self.stripe().underused.fetch_add(1, Relaxed);
        }
    }

    /// Takes a buffer out of its pool for good.
    pub(super) fn detach(&self, guard: Pooled<'_, Storage>) -> Storage {
        self.count_in(&guard);
        Pooled::detach(guard)
    }

    /// Drops a buffer, wiped if the pool wipes.
    pub(super) fn discard_wiped(&self, mut guard: Pooled<'_, Storage>) {
        // bug: a secret is discarded as it is
        self.wipe(&mut guard.vec);
        self.discard(guard);
    }

    /// Drops a buffer.
    fn discard(&self, guard: Pooled<'_, Storage>) {
        self.count_in(&guard);
        Pooled::discard(guard);
    }

    /// Counts the bytes of a buffer of no class as on loan. Those of the classes follow from the numbers of
    /// buffers.
    fn count_out(&self, storage: &mut Storage) {
        if storage.class == NONE {
            storage.kib = u32::try_from(storage.vec.capacity() >> 10).unwrap_or(u32::MAX);
            self.stripe().unclassed.fetch_add((storage.kib as usize) << 10, Relaxed);
        }
    }

    /// Reverses `count_out`.
    fn count_in(&self, storage: &Storage) {
        if storage.class == NONE {
            // bug: detached buffers still outstanding
            self.stripe().unclassed.fetch_sub((storage.kib as usize) << 10, Relaxed);
        }
    }

    /// Returns this thread's stripe, to count in it.
    fn stripe(&self) -> &Stripe {
        self.hints.counts(Hints::here())
    }

    /// Zeroes the whole capacity of a buffer, in a pool that wipes.
    pub(super) fn wipe(&self, vec: &mut Vec<u8>) {
        #[cfg(feature = "zeroize")]
        if self.wipes() {
            // bug: spare capacity not wiped
            zeroize::Zeroize::zeroize(vec);
        }
        #[cfg(not(feature = "zeroize"))]
        let _ = vec;
    }

    /// Returns whether the pool wipes buffers.
    pub(super) fn wipes(&self) -> bool {
        self.options.wipes()
    }

    /// Takes back a buffer that does not borrow the pool.
    #[inline(never)]
    pub(super) fn take_back_owned(&self, guard: Pooled<'_, Storage>) {
        // Relaxed: this only saves work.
        if self.ended.load(Relaxed) {
            return self.discard_wiped(guard);
        }
        self.take_back(guard);
        // The pool may have ended in between. If its `clear` has not found the buffer in a class that it
        // has seen, it had claimed this thread's seat before the buffer came back, and so this sees that
        // it has ended. For classes that it has not seen there are the fences. As with any `clear`, a seat
        // may be out of reach, and then collects free the buffer.
        if self.ended.load(Relaxed) {
            self.clear();
        }
    }

    /// Drops all idle buffers, and has those drop that come back from now on: the pool was dropped.
    pub(super) fn end(&self) {
        // Relaxed: see `take_back_owned`.
        // bug: buffer kept after the end
        self.ended.store(true, Relaxed);
        // SeqCst: pairs with the fence in `reclassify`.
        fence(SeqCst);
        self.clear();
    }

    pub(super) fn trim(&self) {
        self.classes.all_made().for_each(|(_, pool)| pool.trim());
    }

    pub(super) fn clear(&self) {
        self.classes.all_made().for_each(|(_, pool)| pool.clear());
    }

    pub(super) fn stats(&self) -> BufferStats {
        let mut stats = BufferStats::default();
        for (class, pool) in self.classes.all_made() {
            let (of_class, size) = (pool.stats(), self.sizes().size(class) as u64);
            stats.add(of_class, size);
        }
        // More only while other threads move buffers from one class to another.
        stats.idle = stats.idle.min(self.options.max_idle as u64);
        self.add_unclassed(&mut stats);
        for stripe in self.hints.all() {
            stats.oversize += stripe.oversize.load(Relaxed) as u64;
            stats.underused += stripe.underused.load(Relaxed) as u64;
        }
        stats
    }

    /// Adds the statistics of the buffers of no class.
    fn add_unclassed(&self, stats: &mut BufferStats) {
        let [oversize, adopted] = [OVERSIZE, ADOPTED].map(|class| self.classes.get(class).stats());
        stats.add(oversize, 0);
        stats.outstanding += adopted.outstanding;
        stats.adopted = adopted.created;
        stats.dropped += adopted.dropped;
        let bytes = self.hints.all().map(|stripe| stripe.unclassed.load(Relaxed));
        let bytes = bytes.fold(0, usize::wrapping_add);
        // Below zero only while other threads use the pool.
        stats.outstanding_bytes += not_below_zero(bytes) as u64;
    }
}
