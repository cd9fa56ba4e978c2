//! A pool's first use, and its end.

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    model,
};
use crate::{
    collect::collect_from, core::Core, fence::Strategy, lazy::Lazy, seat::Seat, seats::Seats,
};

struct Pool {
    lazy: Lazy<Object>,
    seats: Arc<Seats>,
    ledger: Ledger,
}

impl Pool {
    fn new() -> Self {
        let lazy = Lazy::new();
        assert!(lazy.get().is_none());
        Self { lazy, seats: Arc::new(Seats::new(Strategy::Asymmetric, 2)), ledger: Ledger::new() }
    }

    fn core(&self) -> &Core<Object> {
        self.lazy.get().unwrap_or_else(|| self.lazy.init(usize::MAX))
    }

    /// Puts a new object, and tells where.
    fn put(&self, seat: &Seat) -> *const Core<Object> {
        let core = self.core();
        assert!(core.put(Some(seat), self.ledger.object()).is_ok());
        core
    }
}

/// Two threads use a pool first, and both find the one core.
#[test]
fn lazy_first_use_by_two() {
    model("lazy_first_use_by_two", Some(3), || {
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

/// A collect comes upon a pool at its first use.
#[test]
fn lazy_first_use_against_collect() {
    model("lazy_first_use_against_collect", Some(3), || {
        let pool = Pool::new();
        let seat = pool.seats.join().unwrap();
        let collector = {
            let seats = Arc::clone(&pool.seats);
            thread::spawn(move || collect_from(&seats))
        };
        pool.put(seat);
        collector.join().unwrap();
        assert_eq!((pool.core().stats().idle, pool.ledger.alive()), (1, 1));
    });
}

/// A pool goes while a collect is at work on it, or about to be.
#[test]
fn lazy_end_against_collect() {
    model("lazy_end_against_collect", Some(3), || {
        let pool = Pool::new();
        let seat = pool.seats.join().unwrap();
        pool.put(seat);
        collect_from(&pool.seats);
        pool.put(seat);
        let collector = {
            let seats = Arc::clone(&pool.seats);
            thread::spawn(move || collect_from(&seats))
        };
        let ledger = pool.ledger.clone();
        drop(pool);
        collector.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}
