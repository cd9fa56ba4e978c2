//! The end of the collect thread against calls that leave something idle: whenever something is
//! idle in the end, there is a collect thread.

use loom::{sync::Arc, thread};

use super::{ledger::Object, long_model, model, model_pool::ModelPool};
use crate::{
    collect::{
        collect_thread::{ensure, try_end, watch_again},
        keeper::Watch,
        registry::Registry,
        schedule,
    },
    containers::cell::CellBox,
    seat::{fence::FenceKind, seat::Seat},
};

/// A pool without objects, and a collect thread that is about to end.
struct Watched {
    pool: Arc<ModelPool>,
    watch: Watch,
}

impl Watched {
    fn new(fence_kind: FenceKind) -> Arc<Self> {
        schedule::set_interval(Some(std::time::Duration::MAX));
        let all = Self { pool: ModelPool::new(fence_kind, usize::MAX), watch: Watch::new() };
        all.ensure();
        assert!(all.watch.is_covered());
        Arc::new(all)
    }

    /// Starts a collect thread, which a thread of the model plays, unless there is one.
    fn ensure(&self) {
        ensure(&mut Registry::lock(), &self.watch);
    }

    /// What the collect thread does after a collect. Returns whether it ends.
    fn try_end(&self) -> bool {
        try_end(&mut Registry::lock(), &self.pool.seats, &self.watch)
    }

    /// Puts an object, as the slow path does.
    fn put(&self, seat: Option<&Seat>, full: CellBox<Object>) {
        match seat {
            Some(seat) => {
                if seat.is_unwatched() {
                    watch_again(seat, &self.watch);
                }
                self.pool.put(seat, full);
            }
            None => assert!(self.pool.core.put(None, full).is_ok()),
        }
        if !self.watch.is_covered() && self.pool.core.leaves_idle(seat) {
            self.ensure();
        }
    }

    /// Returns an object, as the hit path does if it can.
    fn give_back(&self, seat: &Seat, full: CellBox<Object>) {
        let full = {
            // SAFETY: this thread's seat.
            match unsafe { seat.pin_fast() } {
                // SAFETY: pinned.
                Some(_pin) => unsafe {
                    let shard = self.pool.core.own_shard(seat).unwrap();
                    shard.owner().private().push_on_top(full)
                },
                None => Err(full),
            }
        };
        if let Err(full) = full {
            self.put(Some(seat), full);
        }
    }

    /// Runs `leave_idle` while the collect thread tries to end.
    fn end_against(all: &Arc<Self>, leave_idle: impl FnOnce()) {
        let ending = {
            let all = Arc::clone(all);
            thread::spawn(move || all.try_end())
        };
        leave_idle();
        ending.join().unwrap();
        assert!(all.pool.core.stats().idle > 0);
        assert!(all.watch.is_covered(), "idle, and no collect thread");
    }
}

fn end_against_put(fence_kind: FenceKind) {
    let all = Watched::new(fence_kind);
    let seat = all.pool.seats.join().unwrap();
    let full = all.pool.ledger.object();
    Watched::end_against(&all, || all.put(Some(seat), full));
}

#[test]
fn end_against_put_asymmetric() {
    long_model("end_against_put_asymmetric", 2, || end_against_put(FenceKind::Asymmetric));
}

#[test]
fn end_against_put_symmetric() {
    long_model("end_against_put_symmetric", 2, || end_against_put(FenceKind::Symmetric));
}

/// An object that is lent comes back.
#[test]
fn end_against_hit() {
    model("end_against_hit", Some(3), || {
        let all = Watched::new(FenceKind::Asymmetric);
        let seat = all.pool.seats.join().unwrap();
        all.pool.fill(seat, 1);
        let full = all.pool.get(seat).unwrap();
        Watched::end_against(&all, || all.give_back(seat, full));
    });
}

/// A thread without a seat.
#[test]
fn end_against_put_on_the_shelf() {
    model("end_against_put_on_the_shelf", None, || {
        let all = Watched::new(FenceKind::Asymmetric);
        let full = all.pool.ledger.object();
        Watched::end_against(&all, || all.put(None, full));
    });
}

/// The owner of a marked seat puts an object, while the thread that it starts ends again.
#[test]
fn end_against_start() {
    long_model("end_against_start", 3, || {
        let all = Watched::new(FenceKind::Asymmetric);
        let seat = all.pool.seats.join().unwrap();
        all.pool.fill(seat, 1);
        let full = all.pool.get(seat).unwrap();
        assert!(all.try_end());
        let ending = {
            let all = Arc::clone(&all);
            thread::spawn(move || all.watch.is_covered() && all.try_end())
        };
        all.give_back(seat, full);
        ending.join().unwrap();
        assert!(all.watch.is_covered(), "idle, and no collect thread");
    });
}
