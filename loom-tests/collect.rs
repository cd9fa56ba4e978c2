//! Whole pools: a collect against gets and puts, in both generations.

use loom::{sync::Arc, thread};

use super::{ledger::Object, long_model, model, model_pool::ModelPool};
use crate::{
    collect::collect::vacate, containers::cell::EmptyCell, seat::fence::FenceKind,
    shard::shard::Shard,
};

/// The owner gets and puts, while a collect flips the generations.
fn flip_against_owner(fence_kind: FenceKind) {
    let pool = ModelPool::new(fence_kind, usize::MAX);
    let seat = pool.seats.join().unwrap();
    pool.fill(seat, 2);
    let collector = {
        let pool = Arc::clone(&pool);
        thread::spawn(move || pool.collect())
    };
    let held = pool.get_shared(seat);
    pool.put(seat, held.unwrap_or_else(|| pool.ledger.object()));
    collector.join().unwrap();
    // One collect drops no object: it is in one of the two generations.
    assert!(pool.ledger.alive() >= 1);
    assert!(pool.get(seat).is_some());
}

#[test]
fn flip_against_owner_asymmetric() {
    long_model("flip_against_owner_asymmetric", 2, || flip_against_owner(FenceKind::Asymmetric));
}

#[test]
fn flip_against_owner_symmetric() {
    long_model("flip_against_owner_symmetric", 2, || flip_against_owner(FenceKind::Symmetric));
}

/// The same as `flip_against_owner`, on the hit path.
#[test]
fn flip_against_hit() {
    model("flip_against_hit", Some(3), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, 2);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        for _ in 0..2 {
            pool.with_own(seat, |shard| {
                // SAFETY: pinned.
                let owner = unsafe { shard.owner() };
                if let Some(full) = owner.private().pop() {
                    full.get().use_it();
                    assert!(owner.private().push_on_top(full).is_ok());
                }
            });
        }
        collector.join().unwrap();
        assert_eq!(pool.core.stats().idle, 2);
    });
}

/// A collect also frees the empty cells that `take` has left.
#[test]
fn flip_against_empties() {
    model("flip_against_empties", Some(2), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.core.push_empty(Some(seat), EmptyCell::new());
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        let empty = pool.core.pop_empty(Some(seat)).unwrap_or_else(EmptyCell::new);
        pool.core.push_empty(Some(seat), empty);
        pool.core.push_empty(Some(seat), EmptyCell::new());
        collector.join().unwrap();
    });
}

/// Values are put into and taken from cells that stay in their places, while a collect takes all of
/// the cells.
#[test]
fn flip_against_values() {
    model("flip_against_values", Some(2), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, 2);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        for _ in 0..2 {
            // SAFETY: pinned.
            let take = |shard: &Shard<Object>| unsafe { shard.owner() }.private().take();
            let Some(object) = pool.with_own(seat, take).flatten() else { continue };
            object.use_it();
            let mut object = Some(object);
            let put = |shard: &Shard<Object>| {
                // SAFETY: pinned.
                unsafe { shard.owner() }.private().put(object.take().unwrap())
            };
            let kept = pool.with_own(seat, put).unwrap_or_else(|| Err(object.take().unwrap()));
            if let Err(object) = kept.or_else(|object| pool.core.put_value(Some(seat), object)) {
                pool.put(seat, EmptyCell::new().fill(object));
            }
        }
        collector.join().unwrap();
        assert_eq!((pool.core.stats().idle, pool.ledger.alive()), (2, 2));
    });
}

/// A thief searches for victims while a collector makes them.
#[test]
fn flip_against_thief() {
    model("flip_against_thief", Some(1), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let (owner, thief) = (pool.seats.join().unwrap(), pool.seats.join().unwrap());
        // One is private, and one is in the chain.
        pool.fill(owner, 2);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        let got = pool.get_shared(thief);
        got.into_iter().for_each(|full| pool.put(thief, full));
        collector.join().unwrap();
        assert_eq!(pool.ledger.alive(), 2, "an idle object survives one collect");
    });
}

/// Two collects at a time: one of them drops an object that was idle before both.
#[test]
fn flip_against_flip() {
    model("flip_against_flip", Some(2), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, 1);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        pool.collect();
        collector.join().unwrap();
        assert_eq!(pool.ledger.alive(), 0);
    });
}

/// The bound holds while units move between seats, the shelf and a collect.
#[test]
fn bound_against_collect() {
    model("bound_against_collect", Some(1), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, 1);
        let seats = [pool.seats.join().unwrap(), pool.seats.join().unwrap()];
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        seats.into_iter().for_each(|seat| pool.fill(seat, 1));
        collector.join().unwrap();
        assert!(pool.ledger.alive() <= 1, "more idle objects than the bound");
        seats.into_iter().for_each(|seat| pool.fill(seat, 1));
        assert!(pool.ledger.alive() <= 1, "more idle objects than the bound");
    });
}

/// A later thread finds the objects of a thread that has ended, whichever seat it joins.
#[test]
fn vacate_hands_over() {
    model("vacate_hands_over", Some(2), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let seat = pool.seats.join().unwrap();
                pool.fill(seat, 1);
                vacate(seat);
                // SAFETY: this thread's seat, not used after.
                unsafe { pool.seats.leave(seat) };
            })
        };
        let seat = pool.seats.join().unwrap();
        let early = pool.get_shared(seat);
        other.join().unwrap();
        let full = early.or_else(|| pool.get_shared(seat)).expect("the object of an ended thread");
        pool.put(seat, full);
    });
}

/// A shard gets its first places during a collect, while the generation of the pool is odd.
fn open_against_collect(name: &str, bound: usize, puts: usize) {
    model(name, Some(bound), move || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let seat = pool.seats.join().unwrap();
        pool.collect();
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        pool.fill(seat, puts);
        collector.join().unwrap();
        assert_eq!(pool.ledger.alive(), puts as isize, "dropped without having been idle");
    });
}

#[test]
fn open_against_drain() {
    open_against_collect("open_against_drain", 1, 2);
}

/// The same with a chain so large that a collector would free its ring if it were a victim chain.
#[test]
fn open_against_shrink() {
    open_against_collect("open_against_shrink", 1, 5);
}

/// A thread takes a seat for the first time during a collect.
#[test]
fn join_against_collect() {
    long_model("join_against_collect", 2, || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        let seat = pool.seats.join().unwrap();
        pool.fill(seat, 1);
        collector.join().unwrap();
        pool.fill(seat, 1);
        pool.collect();
        assert!(pool.ledger.alive() >= 1, "put after one collect, dropped by the next");
    });
}

/// `stats` counts private victims exactly, after a thief and a collector have both worked on them.
#[test]
fn idle_is_exact_at_rest() {
    model("idle_is_exact_at_rest", Some(1), || {
        let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
        let (owner, thief) = (pool.seats.join().unwrap(), pool.seats.join().unwrap());
        pool.fill(owner, 1);
        pool.collect();
        pool.fill(owner, 1);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        let held = pool.get_shared(thief);
        collector.join().unwrap();
        let idle = pool.ledger.alive() - isize::from(held.is_some());
        assert_eq!(pool.core.stats().idle as isize, idle);
    });
}
