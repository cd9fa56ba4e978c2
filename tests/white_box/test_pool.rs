//! A pool for tests: a core without a `Pool`, and a table of seats for this pool alone.

use std::{
    iter,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    thread,
};

use super::{
    objects::{Item, Ledger},
    on_heap::OnHeap,
    steps,
};
use crate::{
    collect::{
        collect::{Which, age_seat, drop_pending, vacate_seat},
        collectable::Collectable,
        registry::Registry,
    },
    containers::cell::{CellBox, EmptyCell},
    pool::{core::Core, recall::Effort},
    seat::{fence::FenceKind, seat::Seat, table::Seats},
    shard::shard::Shard,
};

/// The core of a pool, the seats of its users, and a registry.
pub(super) struct TestPool {
    pub(super) seats: Arc<Seats>,
    pub(super) core: OnHeap<Core<Item>>,
    registry: Mutex<Registry>,
    pub(super) ledger: Arc<Ledger>,
}

impl TestPool {
    /// A pool for `max_idle` objects.
    pub(super) fn new(fence_kind: FenceKind, max_idle: usize) -> Self {
        let seats = Arc::new(Seats::new(fence_kind, usize::MAX));
        let core = Core::new(&seats, max_idle);
        Self::of(seats, core)
    }

    /// A pool that collects do not age.
    pub(super) fn scoped(fence_kind: FenceKind) -> Self {
        let seats = Arc::new(Seats::new(fence_kind, usize::MAX));
        let mut core = Core::new(&seats, usize::MAX);
        core.is_collected = false;
        Self::of(seats, core)
    }

    fn of(seats: Arc<Seats>, core: Box<Core<Item>>) -> Self {
        let core = OnHeap::new(core);
        let pool = Self { seats, core, registry: Mutex::default(), ledger: Arc::default() };
        // SAFETY: the registry is dropped with the pool.
        unsafe { pool.add(&*pool.core) };
        pool
    }

    /// Adds a pool that uses the same seats.
    ///
    /// # Safety
    ///
    /// It is not used after it is freed: it has no shards then, and no collect runs.
    pub(super) unsafe fn add(&self, pool: &(dyn Collectable + 'static)) {
        let mut registry = self.registry.lock().unwrap();
        registry.try_reserve().expect("there is memory");
        // SAFETY: the caller's promise.
        unsafe { registry.enter(pool) };
    }

    /// Returns the shard of a seat, while no collect runs.
    pub(super) fn shard(&self, seat: &Seat) -> Option<&Shard<Item>> {
        steps::shard(&self.core, seat)
    }

    /// Returns all shards, while no collect runs.
    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard<Item>> {
        steps::shards(&self.core)
    }

    /// Joins a seat for the calling thread, or for a thread that it plays.
    pub(super) fn join(&self) -> &Seat {
        self.seats.join().expect("a free seat")
    }

    /// What a thread does at its exit. The seat is the calling thread's.
    pub(super) fn leave(&self, seat: &Seat) {
        {
            let _process = Registry::lock();
            let registry = self.registry.lock().unwrap();
            // SAFETY: locked, and the caller's seat, which is not pinned.
            unsafe { vacate_seat(&registry, seat) };
        }
        // SAFETY: the caller's seat, which is not used again.
        unsafe { self.seats.leave(seat) };
    }

    /// A new object, held.
    pub(super) fn make(&self) -> CellBox<Item> {
        EmptyCell::new().fill(Item::new(&self.ledger))
    }

    /// Takes an object and holds it. Recalls one if necessary.
    pub(super) fn take(&self, seat: Option<&Seat>) -> Option<CellBox<Item>> {
        self.take_by(seat, || self.core.search(seat, Effort::Full))
    }

    /// Takes an object as [`take`](Self::take) does, but gives up if the seat becomes late meanwhile,
    /// which a search with full effort would treat as a seat of the process.
    pub(super) fn take_modestly(&self, seat: Option<&Seat>) -> Option<CellBox<Item>> {
        self.take_by(seat, || self.core.search(seat, Effort::Modest))
    }

    /// Takes an object that no other thread keeps private, and holds it.
    pub(super) fn take_shared(&self, seat: Option<&Seat>) -> Option<CellBox<Item>> {
        self.take_by(seat, || self.core.take(seat))
    }

    fn take_by(
        &self,
        seat: Option<&Seat>,
        take: impl FnOnce() -> Option<CellBox<Item>>,
    ) -> Option<CellBox<Item>> {
        self.catch_up(seat);
        let mut full = take()?;
        full.get_mut().hold();
        Some(full)
    }

    /// Puts an object back. Returns whether it was kept.
    pub(super) fn put(&self, seat: Option<&Seat>, full: CellBox<Item>) -> bool {
        self.catch_up(seat);
        full.get().release();
        self.core.put(seat, full).is_ok()
    }

    /// Puts `n` new objects.
    pub(super) fn fill(&self, seat: Option<&Seat>, n: usize) {
        (0..n).for_each(|_| assert!(self.put(seat, self.make())));
    }

    /// Drops an object that is held.
    pub(super) fn discard(&self, full: CellBox<Item>) {
        full.get().release();
        drop(full);
    }

    /// Takes and drops every object that a thread with this seat, or without one, can take. Returns
    /// their number.
    pub(super) fn drain(&self, seat: Option<&Seat>) -> usize {
        iter::from_fn(|| self.take(seat)).map(|full| self.discard(full)).count()
    }

    /// Takes and drops every object that no other thread keeps private. Returns their number.
    pub(super) fn drain_shared(&self, seat: Option<&Seat>) -> usize {
        iter::from_fn(|| self.take_shared(seat)).map(|full| self.discard(full)).count()
    }

    /// Returns the number of objects that the holder of `seat` keeps private.
    pub(super) fn private(&self, seat: &Seat) -> usize {
        self.shard(seat).map_or(0, |shard| shard.private.len())
    }

    /// Collects. Returns the number of objects dropped, if no other thread is at work.
    pub(super) fn collect(&self) -> usize {
        self.age(None)
    }

    /// Ages one pool, which has been [added](Self::add).
    pub(super) fn trim(&self, pool: &dyn Collectable) -> usize {
        self.age(Some(pool))
    }

    fn age(&self, one: Option<&dyn Collectable>) -> usize {
        let before = self.ledger.dropped.load(Relaxed);
        let garbage = {
            let _process = Registry::lock();
            let registry = self.registry.lock().unwrap();
            let which = match one {
                Some(pool) => Which::one(&registry, pool),
                None => Which::all(&registry),
            };
            // SAFETY: locked.
            unsafe { steps::age(&self.seats, which, false) }
        };
        drop_pending(garbage, |_| ());
        self.ledger.dropped.load(Relaxed) - before
    }

    /// What a thread does before each operation: if its seat is late, it does the missed work.
    pub(super) fn catch_up(&self, seat: Option<&Seat>) {
        let Some(seat) = seat.filter(|seat| seat.is_late()) else { return };
        // Waits, unlike a thread of a real process: tests of other pools hold the lock, too.
        let _process = Registry::lock();
        let registry = self.registry.lock().unwrap();
        if seat.is_late() {
            // SAFETY: locked, and the caller's seat.
            unsafe { age_seat(&registry, seat) };
        }
    }

    pub(super) fn idle(&self) -> usize {
        self.core.stats().idle as usize
    }
}

impl Drop for TestPool {
    fn drop(&mut self) {
        drop(self.core.end());
        if !thread::panicking() {
            assert_eq!(self.ledger.alive(), 0, "objects were lost");
        }
    }
}
