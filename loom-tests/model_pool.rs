//! A pool for models: a core without a `Pool`, and a table of seats for this pool alone.

use loom::sync::Arc;

use super::ledger::{Ledger, Object};
use crate::{
    collect::{
        collect::{catch_up, collect_from},
        registry::Registry,
    },
    containers::cell::CellBox,
    pool::core::Core,
    seat::{fence::FenceKind, seat::Seat, table::Seats},
    sync::Relaxed,
};

pub(super) struct ModelPool {
    pub(super) seats: Seats,
    pub(super) core: Box<Core<Object>>,
    pub(super) ledger: Ledger,
}

impl ModelPool {
    pub(super) fn new(fence_kind: FenceKind, max_idle: usize) -> Arc<Self> {
        let seats = Seats::new(fence_kind, usize::MAX);
        let core = Core::new(max_idle);
        // SAFETY: `drop` removes it from the registry.
        unsafe {
            let mut registry = Registry::lock();
            registry.reserve();
            registry.enter(&*core);
        }
        Arc::new(Self { seats, core, ledger: Ledger::new() })
    }

    /// Gets an object and uses it, as the slow path of `Pool::get` does.
    pub(super) fn get(&self, seat: &Seat) -> Option<CellBox<Object>> {
        if self.core.shard(seat).is_some_and(|shard| self.core.has_nothing(shard)) {
            return None;
        }
        ready(seat);
        let full = self.core.take(Some(seat))?;
        full.get().use_it();
        Some(full)
    }

    /// Uses an object and puts it back, as a guard does on its slow path.
    pub(super) fn put(&self, seat: &Seat, full: CellBox<Object>) {
        ready(seat);
        full.get().use_it();
        drop(self.core.put(Some(seat), full));
    }

    /// Puts `count` new objects.
    pub(super) fn fill(&self, seat: &Seat, count: usize) {
        (0..count).for_each(|_| self.put(seat, self.ledger.object()));
    }

    pub(super) fn collect(&self) {
        collect_from(&self.seats);
    }
}

/// What a thread does before it uses a pool: if its seat is late, it does the missed work.
fn ready(seat: &Seat) {
    if seat.is_late() {
        catch_up(seat);
    }
}

impl Drop for ModelPool {
    fn drop(&mut self) {
        Registry::lock().leave(self.core.entry.load(Relaxed));
        drop(self.core.empty());
        if !std::thread::panicking() {
            assert_eq!(self.ledger.alive(), 0, "lost");
        }
    }
}
