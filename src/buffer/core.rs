//! The inner part of a buffer pool: a [`Pool`] for each size class, and the hints.
//!
//! A request looks in its class, then in the next one, and then creates a buffer. A returned buffer
//! goes back to the class that its capacity belongs to by then, or is dropped.

use std::{collections::TryReserveError, mem, thread::panicking};

use super::{
    class::{CLASSES, Sizes},
    hint::{Hints, Stripe},
    stats::BufferStats,
};
use crate::{
    pool::{pool::Pool, pooled::Pooled, recall::Effort},
    sync::{AtomicBool, Relaxed},
    util::likely::likely,
};

/// The largest capacity that is kept, by default.
const MAX_CAPACITY: usize = 1 << 20;

/// The most bytes that idle buffers of one class take, by default.
const MAX_IDLE_BYTES: usize = 16 << 20;

/// Requests for more than is kept are rounded up to a multiple of this.
const PAGE: usize = 4096;

/// The capacity that `get` hands out if the pool keeps no buffers.
const LEAST: usize = 1024;

/// Stands for no class, or for no stripe.
const NONE: u8 = u8::MAX;

/// The object of the pools: a buffer, and where it belongs.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) vec: Vec<u8>,
    /// The capacity when the buffer was lent, in whole KiB. Set for buffers of no class only.
    kib: u32,
    /// The class whose pool lent the buffer, or `NONE`.
    class: u8,
    /// The stripe that learns from the buffer, or `NONE`.
    stripe: u8,
}

impl Storage {
    /// Allocates nothing.
    fn new() -> Self {
        Self { vec: Vec::new(), kib: 0, class: NONE, stripe: NONE }
    }
}

pub(super) struct BufferCore {
    sizes: Sizes,
    max_idle_bytes: usize,
    hints: Hints,
    classes: [Pool<Storage>; CLASSES],
    /// Lends buffers that are larger than the pool keeps. None of them comes back to it.
    oversize_pool: Pool<Storage>,
    /// Lends adopted buffers. None of them comes back to it.
    adopted: Pool<Storage>,
    /// Whether the classes have allocated the memory that they need to keep buffers.
    ready: AtomicBool,
    #[cfg(feature = "zeroize")]
    wipes: bool,
}

impl BufferCore {
    pub(super) const fn new() -> Self {
        let mut core = Self {
            sizes: Sizes::new(MAX_CAPACITY),
            max_idle_bytes: 0,
            hints: Hints::new(),
            classes: [const { <Pool<Storage>>::new(Storage::new) }; CLASSES],
            oversize_pool: <Pool<Storage>>::new(Storage::new).with_max_idle(0),
            adopted: <Pool<Storage>>::new(Storage::new).with_max_idle(0),
            ready: AtomicBool::new(false),
            #[cfg(feature = "zeroize")]
            wipes: false,
        };
        core.set_max_idle_bytes(MAX_IDLE_BYTES);
        core
    }

    /// Panics if the pool has been used.
    pub(super) const fn set_max_capacity(&mut self, bytes: usize) {
        self.sizes = Sizes::new(bytes);
        self.set_max_idle_bytes(self.max_idle_bytes);
    }

    /// Panics if the pool has been used.
    pub(super) const fn set_max_idle_bytes(&mut self, bytes: usize) {
        self.max_idle_bytes = bytes;
        let mut class = 0;
        while class < CLASSES {
            let unbounded = mem::replace(&mut self.classes[class], Pool::new(Storage::new));
            let bounded = unbounded.with_max_idle(self.sizes.limit(class as u8, bytes));
            // Forgotten, because a destructor cannot run at compile time. This one has nothing to
            // do.
            mem::forget(mem::replace(&mut self.classes[class], bounded));
            class += 1;
        }
    }

    /// Panics if the pool has been used.
    #[cfg(feature = "zeroize")]
    pub(super) const fn set_wipes(&mut self) {
        assert!(self.classes[0].is_unused(), "wiping must be set before the pool is used");
        self.wipes = true;
    }

    pub(super) const fn max_capacity(&self) -> usize {
        self.sizes.max()
    }

    pub(super) const fn max_idle_bytes(&self) -> usize {
        self.max_idle_bytes
    }

    /// Returns an empty buffer of the class that this thread's stripe has learnt. The stripe learns
    /// from it when it comes back.
    #[inline]
    pub(super) fn get_hinted(&self) -> Pooled<'_, Storage> {
        let stripe = Hints::here();
        let class = self.hints.stripe(stripe).class();
        let mut guard = match self.classes[usize::from(class)].try_get_with(Effort::Modest) {
            Some(guard) => guard,
            None => self.get_hinted_slow(stripe, class),
        };
        guard.stripe = stripe;
        guard
    }

    #[cold]
    #[inline(never)]
    fn get_hinted_slow(&self, stripe: u8, class: u8) -> Pooled<'_, Storage> {
        if self.sizes.max() == 0 {
            return self.get_oversize(LEAST);
        }
        self.prepare();
        if let Some(guard) = self.try_next_class(class) {
            return guard;
        }
        if self.hints.stripe(stripe).may_make(self.sizes) {
            self.new_of_class(class)
        } else {
            self.get_of_class(0)
        }
    }

    /// Returns an empty buffer of at least `capacity` bytes. No stripe learns from it.
    #[inline]
    pub(super) fn get_sized(&self, capacity: usize) -> Pooled<'_, Storage> {
        let mut guard = match self.sizes.class_for_request(capacity) {
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
        let class = self.sizes.class_for_request(capacity);
        if let Some(mut guard) = class.and_then(|class| self.try_get_of_class(class)) {
            guard.stripe = NONE;
            return Ok(guard);
        }
        self.prepare();
        let mut vec = Vec::new();
        vec.try_reserve_exact(self.rounded(capacity))?;
        let pool = class.map_or(&self.oversize_pool, |class| &self.classes[usize::from(class)]);
        let mut guard = pool.get_new();
        *guard = Storage { vec, class: class.unwrap_or(NONE), ..Storage::new() };
        self.count_out(&mut guard);
        Ok(guard)
    }

    /// Returns a guard of a buffer that was allocated elsewhere.
    pub(super) fn adopt(&self, vec: Vec<u8>) -> Pooled<'_, Storage> {
        self.prepare();
        let mut guard = self.adopted.get_new();
        guard.vec = vec;
        self.count_out(&mut guard);
        guard
    }

    /// Returns a buffer of this class or of the next one, idle or new.
    #[inline]
    fn get_of_class(&self, class: u8) -> Pooled<'_, Storage> {
        match self.classes[usize::from(class)].try_get_with(Effort::Modest) {
            Some(guard) => guard,
            None => self.next_class_or_new(class),
        }
    }

    #[cold]
    #[inline(never)]
    fn next_class_or_new(&self, class: u8) -> Pooled<'_, Storage> {
        self.prepare();
        if let Some(guard) = self.try_next_class(class) {
            return guard;
        }
        self.new_of_class(class)
    }

    fn new_of_class(&self, class: u8) -> Pooled<'_, Storage> {
        let mut guard = self.classes[usize::from(class)].get_new();
        guard.vec.reserve_exact(self.sizes.size(class));
        guard.class = class;
        guard
    }

    /// Returns an idle buffer of this class or of the next one.
    fn try_get_of_class(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        let found = self.classes[usize::from(class)].try_get_with(Effort::Modest);
        found.or_else(|| self.try_next_class(class))
    }

    /// Returns an idle buffer of the next class. Not of a larger one: small requests would keep
    /// large buffers from ageing.
    fn try_next_class(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        // bug: search continues in all larger classes
        if class < self.sizes.top() {
            self.classes[usize::from(class) + 1].try_get_with(Effort::Modest)
        } else {
            None
        }
    }

    /// Returns a new buffer that is larger than the pool keeps.
    #[cold]
    #[inline(never)]
    fn get_oversize(&self, capacity: usize) -> Pooled<'_, Storage> {
        self.prepare();
        let mut guard = self.oversize_pool.get_new();
        guard.vec.reserve_exact(self.rounded(capacity));
        self.count_out(&mut guard);
        guard
    }

    /// Returns the capacity to allocate for a request.
    fn rounded(&self, capacity: usize) -> usize {
        match self.sizes.class_for_request(capacity) {
            Some(class) => self.sizes.size(class),
            None => capacity.checked_next_multiple_of(PAGE).unwrap_or(capacity),
        }
    }

    /// Has each class allocate the memory that it needs to keep buffers, before the first buffer is
    /// lent. A buffer that comes back can then go to any class, even if memory has run out.
    fn prepare(&self) {
        // Relaxed: a thread that sees `ready` but not yet the memory waits for it in the pool that
        // it uses. Not a `Once`, which a fork could leave half done in the child.
        if !self.ready.load(Relaxed) {
            let kept = &self.classes[..=usize::from(self.sizes.top())];
            // bug: classes without memory of their own
            kept.iter().for_each(|class| class.reserve(0));
            self.ready.store(true, Relaxed);
        }
    }

    /// Takes a buffer back. Most have kept their capacity and teach nothing, which two fast checks
    /// confirm. All others take the slow path.
    #[inline]
    pub(super) fn take_back(&self, mut guard: Pooled<'_, Storage>) {
        let Storage { ref vec, class, stripe, .. } = *guard;
        let same_class = self.sizes.still_in_class(class, vec.capacity());
        let settled = || stripe == NONE || self.hints.stripe(stripe).is_settled(class, vec.len());
        // bug: the fast check skips wiping
        if likely(same_class && settled()) && !self.wipes() {
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
        let class = self.sizes.class_of_capacity(guard.vec.capacity());
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
        self.hints.stripe(storage.stripe).learn(used, capacity, self.sizes)
    }

    /// Moves a buffer to `class`, or drops it if there is none or the thread is panicking.
    fn reclassify(&self, guard: Pooled<'_, Storage>, class: Option<u8>) {
        // bug: buffer kept during a panic
        let class = class.filter(|_| !panicking());
        if let Some(class) = class {
            let storage = Storage { class, stripe: NONE, ..self.detach(guard) };
            self.stripe().moved_in(class);
            return self.classes[usize::from(class)].put(storage);
        }
        let capacity = guard.vec.capacity();
        if capacity > self.sizes.max() {
            self.stripe().oversize.fetch_add(1, Relaxed);
        } else if self.sizes.class_of_capacity(capacity).is_some() && !panicking() {
            self.stripe().underused.fetch_add(1, Relaxed);
        }
        self.discard(guard);
    }

    /// Takes a buffer out of its pool for good.
    pub(super) fn detach(&self, guard: Pooled<'_, Storage>) -> Storage {
        self.count_in(&guard);
        // bug: moved buffers still outstanding
        self.stripe().moved_out(guard.class);
        Pooled::detach(guard)
    }

    /// Drops a buffer.
    pub(super) fn discard(&self, guard: Pooled<'_, Storage>) {
        self.count_in(&guard);
        Pooled::discard(guard);
    }

    /// Counts the bytes of a buffer of no class as on loan. `stats` computes those of the classes
    /// from other counts.
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

    /// Returns this thread's stripe.
    fn stripe(&self) -> &Stripe {
        self.hints.stripe(Hints::here())
    }

    /// Zeroes the whole capacity of a buffer, in a pool that wipes.
    pub(super) fn wipe(&self, vec: &mut Vec<u8>) {
        #[cfg(feature = "zeroize")]
        if self.wipes {
            // bug: spare capacity not wiped
            zeroize::Zeroize::zeroize(vec);
        }
        #[cfg(not(feature = "zeroize"))]
        let _ = vec;
    }

    /// Returns whether the pool wipes buffers.
    #[inline]
    pub(super) fn wipes(&self) -> bool {
        #[cfg(feature = "zeroize")]
        return self.wipes;
        #[cfg(not(feature = "zeroize"))]
        false
    }

    pub(super) fn trim(&self) {
        self.classes.iter().for_each(Pool::trim);
    }

    pub(super) fn clear(&self) {
        self.classes.iter().for_each(Pool::clear);
    }

    pub(super) fn stats(&self) -> BufferStats {
        let mut stats = BufferStats::default();
        for (class, pool) in (0..).zip(&self.classes) {
            let (of_class, size) = (pool.stats(), self.sizes.size(class) as u64);
            let gone = of_class.dropped + of_class.idle;
            let lent = self.hints.outstanding(usize::from(class), of_class.created, gone);
            stats.outstanding += lent;
            stats.outstanding_bytes += lent * size;
            stats.add(of_class, size);
        }
        self.add_unclassed(&mut stats);
        for stripe in self.hints.all() {
            stats.oversize += stripe.oversize.load(Relaxed) as u64;
            stats.underused += stripe.underused.load(Relaxed) as u64;
        }
        stats
    }

    /// Adds the statistics of the buffers of no class.
    fn add_unclassed(&self, stats: &mut BufferStats) {
        let (oversize, adopted) = (self.oversize_pool.stats(), self.adopted.stats());
        let created = oversize.created + adopted.created;
        let gone = oversize.dropped + adopted.dropped;
        stats.outstanding += self.hints.outstanding(CLASSES, created, gone);
        stats.add(oversize, 0);
        stats.adopted = adopted.created;
        stats.dropped += adopted.dropped;
        let bytes = self.hints.all().map(|stripe| stripe.unclassed.load(Relaxed));
        let bytes = bytes.fold(0, usize::wrapping_add);
        // Below zero only while other threads use the pool.
        stats.outstanding_bytes += (bytes as isize).max(0) as u64;
    }
}
