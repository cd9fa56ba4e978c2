//! A pool for tests: a core without a `Pool`, and a table of seats for this pool alone.

use std::{
    iter,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    thread,
};

use super::{
    objects::{Item, Ledger},
    steps,
};
use crate::{
    collect::{collect::drop_pending, collectable::Collectable},
    containers::cell::{CellBox, EmptyCell},
    pool::core::Core,
    seat::{fence::FenceKind, seat::Seat, table::Seats},
};

/// The core of a pool, and the seats of its users. The lock replaces the registry's.
pub(super) struct TestPool {
    pub(super) seats: Seats,
    pub(super) core: Box<Core<Item>>,
    registry: Mutex<()>,
    pub(super) ledger: Arc<Ledger>,
}

impl TestPool {
    /// A pool for `max_idle` objects.
    pub(super) fn new(fence_kind: FenceKind, max_idle: usize) -> Self {
        Self {
            seats: Seats::new(fence_kind, usize::MAX),
            core: Core::new(max_idle),
            registry: Mutex::default(),
            ledger: Arc::default(),
        }
    }

    /// Joins a seat for the calling thread, or for a thread that it plays.
    pub(super) fn join(&self) -> &Seat {
        self.seats.join().expect("a free seat")
    }

    /// What a thread does at its exit. The seat is the calling thread's.
    pub(super) fn leave(&self, seat: &Seat) {
        {
            let _registry = self.registry.lock().unwrap();
            // SAFETY: locked, and the caller's seat, which is not pinned.
            unsafe { steps::vacate(self.pools(), seat) };
        }
        // SAFETY: the caller's seat, which is not used again.
        unsafe { self.seats.leave(seat) };
    }

    /// A new object, held.
    pub(super) fn make(&self) -> CellBox<Item> {
        EmptyCell::new().fill(Item::new(&self.ledger))
    }

    /// Takes an object and holds it.
    pub(super) fn take(&self, seat: Option<&Seat>) -> Option<CellBox<Item>> {
        self.catch_up(seat);
        let mut full = self.core.take(seat)?;
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

    /// Collects. Returns the number of objects dropped, if no other thread is at work.
    pub(super) fn collect(&self) -> usize {
        self.collect_pools(&[&*self.core], true)
    }

    /// Ages these pools, like a collect of `all` pools of the process, or like a trim. Returns the
    /// same as `collect`.
    pub(super) fn collect_pools(&self, pools: &[&dyn Collectable], all: bool) -> usize {
        let before = self.ledger.dropped.load(Relaxed);
        let garbage = {
            let _registry = self.registry.lock().unwrap();
            // SAFETY: locked.
            unsafe { steps::age(&self.seats, pools.iter().copied(), all, false) }
        };
        drop_pending(garbage);
        self.ledger.dropped.load(Relaxed) - before
    }

    /// What a thread does before each operation: if its seat is late, it does the missed work.
    pub(super) fn catch_up(&self, seat: Option<&Seat>) {
        let Some(seat) = seat.filter(|seat| seat.is_late()) else { return };
        let Ok(_registry) = self.registry.try_lock() else { return };
        if seat.is_late() {
            // SAFETY: locked, and the caller's seat.
            unsafe { steps::catch_up(self.pools(), seat) };
        }
    }

    /// The pool alone, as a registry would list it.
    fn pools(&self) -> impl Iterator<Item = &dyn Collectable> + Clone {
        iter::once(&*self.core as &dyn Collectable)
    }

    pub(super) fn idle(&self) -> usize {
        self.core.stats().idle as usize
    }
}

impl Drop for TestPool {
    fn drop(&mut self) {
        drop(self.core.empty());
        if !thread::panicking() {
            assert_eq!(self.ledger.alive(), 0, "objects were lost");
        }
    }
}
