//! The first use of a pool, and its drop.

use std::sync::Arc as Shared;

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    long_model, model,
};
use crate::{
    collect::collect::collect_from,
    pool::{core::Core, handle::CoreHandle},
    seat::{current::CurrentSeat, fence::FenceKind, seat::Seat, table::Seats},
};

struct Pool {
    lazy: CoreHandle<Object>,
    seats: Shared<Seats>,
    ledger: Ledger,
}

impl Pool {
    fn new() -> Self {
        Self::with(&Shared::new(Seats::new(FenceKind::Asymmetric, usize::MAX)))
    }

    fn with(seats: &Shared<Seats>) -> Self {
        let lazy = CoreHandle::new();
        assert!(lazy.get().is_none());
        Self { lazy, seats: Shared::clone(seats), ledger: Ledger::new() }
    }

    fn core(&self) -> &Core<Object> {
        self.lazy.get().unwrap_or_else(|| {
            self.lazy.try_init(Core::new(&self.seats, usize::MAX), |_| Some(())).unwrap()
        })
    }

    /// Puts a new object. Returns the core that it is in.
    fn put(&self, seat: &Seat) -> *const Core<Object> {
        let core = self.core();
        assert!(core.put(Some(seat), self.ledger.object()).is_ok());
        core
    }

    /// Finds the shard of the calling thread's seat, as a hit does. Returns its address.
    fn hit(&self, seats: &Seats, seat: usize) -> Option<usize> {
        // SAFETY: the calling thread's seat.
        let local = unsafe { self.lazy.pin_local(CurrentSeat::of(seats.held(seat))) };
        local.map(|local| std::ptr::from_ref(local.shard).addr())
    }
}

/// Two threads use a pool for the first time at once, and both get the same core.
#[test]
fn handle_first_use_by_two() {
    model("handle_first_use_by_two", Some(2), || {
        let pool = Arc::new(Pool::new());
        let seat = pool.seats.join().unwrap();
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let seat = pool.seats.join().unwrap();
                pool.put(seat).addr()
            })
        };
        let core = pool.put(seat).addr();
        assert_eq!(other.join().unwrap(), core, "two cores");
        let ledger = pool.ledger.clone();
        assert_eq!((pool.core().stats().idle, ledger.alive()), (2, 2));
        drop(pool);
        assert_eq!(ledger.alive(), 0);
    });
}

/// Another thread ends a pool and makes another one, which gets the same index. A hit on the new
/// pool does not find the shard of the old one.
#[test]
fn handle_index_reused() {
    model("handle_index_reused", Some(3), || {
        let old = Pool::new();
        let new = Arc::new(Pool::with(&old.seats));
        let seat = old.seats.join().unwrap().id;
        let seats = Shared::clone(&old.seats);
        // SAFETY: joined above.
        old.put(unsafe { seats.held(seat) });
        // The checker's atomics must exist before the threads start.
        assert!(new.lazy.get().is_none() && new.hit(&seats, seat).is_none());
        let other = {
            let new = Arc::clone(&new);
            thread::spawn(move || {
                let index = old.core().index();
                drop(old);
                assert_eq!(new.core().index(), index, "the lowest free index");
            })
        };
        assert!(new.hit(&seats, seat).is_none(), "a shard of a pool that has ended");
        other.join().unwrap();
    });
}

/// A pool ends while another one is used for the first time. The shards of the two, at one index or
/// at two, are not confused.
#[test]
fn handle_first_use_against_end() {
    long_model("handle_first_use_against_end", 3, || {
        let old = Pool::new();
        let new = Pool::with(&old.seats);
        let seats = Shared::clone(&old.seats);
        let seat = seats.join().unwrap();
        old.put(seat);
        let ledger = old.ledger.clone();
        let other = thread::spawn(move || drop(old));
        new.put(seat);
        other.join().unwrap();
        assert_eq!((ledger.alive(), new.core().stats().idle, new.ledger.alive()), (0, 1, 1));
    });
}

/// A collect runs during the first use of a pool.
#[test]
fn handle_first_use_against_collect() {
    long_model("handle_first_use_against_collect", 2, || {
        let pool = Pool::new();
        let seat = pool.seats.join().unwrap();
        let collector = {
            let seats = Shared::clone(&pool.seats);
            thread::spawn(move || collect_from(&seats))
        };
        pool.put(seat);
        collector.join().unwrap();
        assert_eq!((pool.core().stats().idle, pool.ledger.alive()), (1, 1));
    });
}

/// A pool is dropped while a collect ages it, or is about to.
#[test]
fn handle_end_against_collect() {
    model("handle_end_against_collect", Some(3), || {
        let pool = Pool::new();
        let seat = pool.seats.join().unwrap();
        pool.put(seat);
        collect_from(&pool.seats);
        pool.put(seat);
        let collector = {
            let seats = Shared::clone(&pool.seats);
            thread::spawn(move || collect_from(&seats))
        };
        let ledger = pool.ledger.clone();
        drop(pool);
        collector.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}
