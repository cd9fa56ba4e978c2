//! The first use of a pool, and its drop.

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    model,
};
use crate::{
    collect::collect::collect_from,
    pool::{core::Core, handle::CoreHandle},
    seat::{current::CurrentSeat, fence::FenceKind, seat::Seat, table::Seats},
    shard::shard::Shard,
};

struct Pool {
    lazy: CoreHandle<Object>,
    seats: Arc<Seats>,
    ledger: Ledger,
}

impl Pool {
    fn new() -> Self {
        let lazy = CoreHandle::new();
        assert!(lazy.get().is_none());
        Self {
            lazy,
            seats: Arc::new(Seats::new(FenceKind::Asymmetric, usize::MAX)),
            ledger: Ledger::new(),
        }
    }

    fn core(&self) -> &Core<Object> {
        self.lazy.get().unwrap_or_else(|| self.lazy.init(crate::pool::core::Core::new(usize::MAX)))
    }

    /// Puts a new object. Returns the core that it is in.
    fn put(&self, seat: &Seat) -> *const Core<Object> {
        let core = self.core();
        assert!(core.put(Some(seat), self.ledger.object()).is_ok());
        core
    }
}

/// Two threads use a pool for the first time at once, and both get the same core.
#[test]
fn handle_first_use_by_two() {
    model("handle_first_use_by_two", Some(3), || {
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

/// The shards of two seats are in one segment. A hit of one thread finds its shard through the
/// pointer that the other thread's miss has stored, and sees an initialised shard.
#[test]
fn handle_segment_cached_by_another() {
    model("handle_segment_cached_by_another", Some(3), || {
        let pool = Arc::new(Pool::new());
        let seats: Vec<_> = (0..4).map(|_| pool.seats.join().unwrap()).collect();
        pool.lazy.init(crate::pool::core::Core::new(usize::MAX));
        let here = |seat: &Seat| CurrentSeat::of(seat, Shard::BYTES);
        // The checker's pointer must exist before the threads start.
        assert!(pool.lazy.local_shard(here(seats[2])).is_none());
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                // SAFETY: this thread's seat, joined by the main thread.
                let seat = unsafe { pool.seats.held(3) };
                let Some((shard, seat)) = pool.lazy.local_shard(here(seat)) else { return };
                // SAFETY: as above.
                let _pin = unsafe { seat.pin_fast() }.expect("no collect runs");
                // SAFETY: pinned.
                let owner = unsafe { shard.owner() };
                assert!(owner.private().pop().is_none());
                assert!(
                    owner.private().push_on_top(pool.ledger.object()).is_err(),
                    "not opened yet"
                );
            })
        };
        let core = pool.put(seats[2]);
        // SAFETY: the core belongs to this pool, which is alive.
        pool.lazy.cache_segment(unsafe { &*core }, seats[2]);
        other.join().unwrap();
        assert!(pool.lazy.local_shard(here(seats[2])).is_some());
    });
}

/// A collect runs during the first use of a pool.
#[test]
fn handle_first_use_against_collect() {
    model("handle_first_use_against_collect", Some(3), || {
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
            let seats = Arc::clone(&pool.seats);
            thread::spawn(move || collect_from(&seats))
        };
        let ledger = pool.ledger.clone();
        drop(pool);
        collector.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}
