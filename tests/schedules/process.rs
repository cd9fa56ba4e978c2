//! The process of a scenario: several pools (cores without a `Pool`), and the seats.

use std::{
    mem::ManuallyDrop,
    sync::{Arc, Mutex as Untracked},
};

use super::{
    coverage::{Coverage, Event},
    ledger::{Item, Ledger},
    steps,
};
use crate::{
    collect::{
        collect::{Which, age_seat, drop_pending, vacate_seat},
        pending::ErasedPending,
        registry::Registry,
    },
    pool::core::Core,
    seat::{fence::FenceKind, seat::Seat, table::Seats},
};

/// The process of a schedule.
pub(super) struct Process {
    pub(super) seats: Arc<Seats>,
    pub(super) pools: Vec<Pool>,
    /// The ledgers of all pools, even of closed ones. They are not part of a schedule.
    ledgers: Untracked<Vec<Arc<Ledger>>>,
    pub(super) coverage: Arc<Coverage>,
}

/// A pool: a core without a `Pool`. If a schedule fails, it is leaked, because it may be in any
/// state.
pub(super) struct Pool {
    pub(super) core: ManuallyDrop<Box<Core<Item>>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) bound: usize,
}

impl Process {
    /// A process of up to `seats` threads with seats, besides `sleepers` threads, which hold the
    /// first seats and do nothing. The pools have these `bounds`.
    pub(super) fn new(
        fence_kind: FenceKind,
        seats: usize,
        sleepers: usize,
        bounds: &[usize],
        coverage: Arc<Coverage>,
    ) -> Self {
        let mut process = Self {
            seats: Arc::new(Seats::new(fence_kind, seats + sleepers)),
            pools: Vec::new(),
            ledgers: Untracked::default(),
            coverage,
        };
        (0..sleepers).for_each(|_| assert!(process.seats.join().is_some()));
        process.pools = bounds.iter().map(|&bound| process.open(bound)).collect();
        process
    }

    /// Opens a pool.
    pub(super) fn open(&self, bound: usize) -> Pool {
        let (core, ledger) = (Core::new(&self.seats, bound), Ledger::new(bound));
        let mut registry = Registry::lock();
        registry.try_reserve().expect("there is memory");
        // SAFETY: `close` removes the pool from the registry; if `close` is not called, the pool is
        // leaked.
        unsafe { registry.enter(&*core) };
        self.ledgers.lock().unwrap().push(Arc::clone(&ledger));
        Pool { core: ManuallyDrop::new(core), ledger, bound }
    }

    /// Closes a pool that no thread uses any more.
    pub(super) fn close(&self, pool: Pool) {
        let mut registry = Registry::lock();
        registry.leave(pool.core.index());
        let mut core = ManuallyDrop::into_inner(pool.core);
        pool.ledger.close();
        let idle = core.end();
        drop(registry);
        drop(core);
        drop(idle);
    }

    pub(super) fn ledgers(&self) -> Vec<Arc<Ledger>> {
        self.ledgers.lock().unwrap().clone()
    }

    /// A collect of all pools.
    pub(super) fn collect(&self) {
        self.age(None, 1, |registry| {
            // SAFETY: locked.
            unsafe { steps::age(&self.seats, Which::all(registry), false) }
        });
    }

    /// Ages one pool, and drops its victims if `clear`.
    pub(super) fn trim(&self, pool: &Pool, clear: bool) {
        self.age(Some(pool), 1 + usize::from(clear), |registry| {
            // SAFETY: locked.
            unsafe { steps::age(&self.seats, Which::one(registry, &**pool.core), clear) }
        });
    }

    /// Ages one pool or all by `steps`, and drops the objects that `f` returns after the registry
    /// is unlocked.
    fn age(
        &self,
        one: Option<&Pool>,
        steps: usize,
        f: impl FnOnce(&Registry) -> Vec<ErasedPending>,
    ) {
        let (ledgers, garbage) = {
            let registry = Registry::lock();
            let ledgers = one.map_or_else(|| self.ledgers(), |pool| vec![Arc::clone(&pool.ledger)]);
            ledgers.iter().for_each(|ledger| ledger.ageing_begins(steps));
            let garbage = f(&registry);
            ledgers.iter().for_each(|ledger| ledger.ageing_ends());
            (ledgers, garbage)
        };
        drop_pending(garbage, |_| ());
        ledgers.iter().for_each(|ledger| ledger.sweep_ends());
    }

    /// What a thread does before each operation: if its seat is late, it does the missed work.
    pub(super) fn catch_up(&self, seat: &Seat) {
        if !seat.is_late() {
            return;
        }
        self.coverage.add(Event::Late, 1);
        let Some(registry) = Registry::try_lock() else { return };
        if seat.is_late() {
            // SAFETY: locked, and the caller's seat, which is not pinned.
            unsafe { age_seat(&registry, seat) };
        }
    }

    /// What a thread does at its exit. The seat is the calling thread's.
    pub(super) fn leave(&self, seat: &Seat) {
        {
            let registry = Registry::lock();
            // SAFETY: locked, and the caller's seat, which is not pinned.
            unsafe { vacate_seat(&registry, seat) };
        }
        // SAFETY: the caller's seat, which is not used again.
        unsafe { self.seats.leave(seat) };
    }
}
