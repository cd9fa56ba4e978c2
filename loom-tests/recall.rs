//! Recall: a thread takes what another one keeps private, or the units that it does not use.

use loom::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{ledger::Object, long_model, model, model_pool::ModelPool};
use crate::{
    collect::{
        collect::vacate,
        recall::{Patience, recall_from},
    },
    containers::cell::CellBox,
    seat::{fence::FenceKind, seat::Seat},
};

fn held(pool: &ModelPool, id: usize) -> &Seat {
    // SAFETY: joined by the main thread, and used by one thread of the model only.
    unsafe { pool.seats.held(id) }
}

/// A pool with this bound, and with seats whose ids are below `seats`.
fn pool(fence_kind: FenceKind, bound: usize, seats: usize) -> Arc<ModelPool> {
    let pool = ModelPool::new(fence_kind, bound);
    (0..seats).for_each(|id| assert_eq!(pool.seats.join().unwrap().id, id));
    pool
}

/// A pool with the bound 1, and its object. The shard of seat 0, which has lent it, keeps the unit.
fn pool_with_a_lent_object() -> (Arc<ModelPool>, CellBox<Object>) {
    let pool = pool(FenceKind::Asymmetric, 1, 2);
    let seat = held(&pool, 0);
    pool.fill(seat, 1);
    let lent = pool.get_shared(seat).unwrap();
    (pool, lent)
}

/// Runs `f` on another thread.
fn other<R: 'static>(
    pool: &Arc<ModelPool>,
    f: impl FnOnce(&ModelPool) -> R + 'static,
) -> thread::JoinHandle<R> {
    let pool = Arc::clone(pool);
    thread::spawn(move || f(&pool))
}

/// Checks that `expected` objects are idle, and that one thread finds all of them.
fn check_idle(pool: &ModelPool, seat: &Seat, expected: usize) {
    assert_eq!(pool.core.stats().idle as usize, expected);
    let all: Vec<_> = (0..expected).map(|_| pool.get(seat).expect("an idle object")).collect();
    assert!(pool.get(seat).is_none());
    drop(all);
}

/// An owner uses its slot on the hit path while another thread recalls the object in it.
fn against_hit(fence_kind: FenceKind) {
    let pool = pool(fence_kind, usize::MAX, 2);
    let seat = held(&pool, 0);
    pool.fill(seat, 1);
    let robber = other(&pool, |pool| pool.get(held(pool, 1)));
    for _ in 0..2 {
        let pin = match fence_kind {
            // SAFETY: this thread's seat.
            FenceKind::Asymmetric => unsafe { seat.pin_fast() },
            // SAFETY: as above.
            FenceKind::Symmetric => unsafe { seat.pin() },
        };
        let Some(_pin) = pin else { continue };
        // SAFETY: pinned.
        let owner = unsafe { pool.core.own_shard(seat).unwrap().owner() };
        if let Some(full) = owner.private().pop() {
            full.get().use_it();
            assert!(owner.private().push_on_top(full).is_ok());
        }
    }
    let got = robber.join().unwrap();
    check_idle(&pool, seat, 1 - usize::from(got.is_some()));
}

#[test]
fn recall_against_hit_asymmetric() {
    model("recall_against_hit_asymmetric", Some(2), || against_hit(FenceKind::Asymmetric));
}

#[test]
fn recall_against_hit_symmetric() {
    model("recall_against_hit_symmetric", Some(2), || against_hit(FenceKind::Symmetric));
}

/// The same on the slow path, where the owner may enable its private part again.
fn against_slow_path(fence_kind: FenceKind) {
    let pool = pool(fence_kind, usize::MAX, 2);
    let seat = held(&pool, 0);
    pool.fill(seat, 1);
    let robber = other(&pool, |pool| pool.get(held(pool, 1)));
    if let Some(full) = pool.get_shared(seat) {
        pool.put(seat, full);
    }
    let got = robber.join().unwrap();
    check_idle(&pool, seat, 1 - usize::from(got.is_some()));
}

#[test]
fn recall_against_owner_asymmetric() {
    long_model("recall_against_owner_asymmetric", 2, || {
        against_slow_path(FenceKind::Asymmetric);
    });
}

#[test]
fn recall_against_owner_symmetric() {
    long_model("recall_against_owner_symmetric", 2, || against_slow_path(FenceKind::Symmetric));
}

/// A thread that knows of a put finds the object, which is private to the thread that put it, even
/// if an earlier search has failed.
fn put_is_recalled(name: &str, owner: usize) {
    model(name, Some(2), move || {
        let pool = pool(FenceKind::Asymmetric, usize::MAX, 4);
        let seat = held(&pool, 0);
        let put = Arc::new(AtomicBool::new(false));
        let other = {
            let put = Arc::clone(&put);
            other(&pool, move |pool| {
                pool.fill(held(pool, owner), 1);
                put.store(true, Ordering::Release);
            })
        };
        let early = pool.get(seat);
        let known = put.load(Ordering::Acquire);
        let got = early.or_else(|| pool.get(seat));
        assert!(got.is_some() || !known, "the object that was put");
        other.join().unwrap();
        check_idle(&pool, seat, 1 - usize::from(got.is_some()));
    });
}

#[test]
fn recall_finds_what_was_put() {
    put_is_recalled("recall_finds_what_was_put", 1);
}

/// The same if the shard shares its bit with that of the searching thread.
#[test]
fn recall_finds_what_was_put_behind_its_own_bit() {
    put_is_recalled("recall_finds_what_was_put_behind_its_own_bit", 2);
}

/// A thread enables its private part while another one recalls from a shard that shares its bit.
#[test]
fn recall_keeps_the_mark_of_others() {
    long_model("recall_keeps_the_mark_of_others", 2, || {
        let pool = pool(FenceKind::Asymmetric, usize::MAX, 4);
        pool.fill(held(&pool, 3), 1);
        let other = other(&pool, |pool| pool.fill(held(pool, 1), 1));
        let seat = held(&pool, 0);
        let got = pool.get(seat).expect("the object of seat 3");
        other.join().unwrap();
        let idle = pool.core.stats().idle as usize;
        check_idle(&pool, seat, idle);
        drop(got);
        assert_eq!(pool.ledger.alive(), 0, "an object is out of reach");
    });
}

/// A search overlooks no object that a collector turns into a victim.
#[test]
fn recall_against_collect() {
    model("recall_against_collect", Some(1), || {
        let pool = pool(FenceKind::Asymmetric, usize::MAX, 2);
        pool.fill(held(&pool, 0), 1);
        let collector = other(&pool, ModelPool::collect);
        let got = pool.get(held(&pool, 1));
        collector.join().unwrap();
        assert!(got.is_some(), "an idle object was overlooked");
        drop(got);
        assert_eq!(pool.ledger.alive(), 0);
    });
}

/// A search overlooks no object that its owner, which ends, moves to the shelf.
#[test]
fn recall_against_vacate() {
    model("recall_against_vacate", Some(2), || {
        let pool = pool(FenceKind::Asymmetric, usize::MAX, 2);
        pool.fill(held(&pool, 0), 1);
        // So that the other thread has a shard, and the quick check looks for its object.
        pool.fill(held(&pool, 1), 1);
        drop(pool.get(held(&pool, 1)));
        let ends = other(&pool, |pool| {
            let seat = held(pool, 0);
            vacate(seat);
            // SAFETY: this thread's seat, not used after.
            unsafe { pool.seats.leave(seat) };
        });
        let got = pool.get(held(&pool, 1));
        ends.join().unwrap();
        assert!(got.is_some(), "an idle object was overlooked");
        drop(got);
        assert_eq!(pool.ledger.alive(), 0);
    });
}

/// Two threads recall from the same owner at the same time.
#[test]
fn recall_against_recall() {
    model("recall_against_recall", Some(1), || {
        let pool = pool(FenceKind::Asymmetric, usize::MAX, 3);
        let seat = held(&pool, 0);
        pool.fill(seat, 1);
        let robber = other(&pool, |pool| pool.get(held(pool, 1)).is_some());
        let got = pool.get(held(&pool, 2)).is_some();
        assert!(got ^ robber.join().unwrap(), "one of them finds the object");
        check_idle(&pool, seat, 0);
    });
}

/// An owner gives back an object that was lent while another thread recalls the unit of its place.
#[test]
fn recall_of_units_against_owner() {
    model("recall_of_units_against_owner", Some(2), || {
        let (pool, lent) = pool_with_a_lent_object();
        let putter = other(&pool, |pool| {
            let seat = Some(held(pool, 1));
            let put = pool.core.put(seat, pool.ledger.object());
            let again = |full| {
                pool.core.recall_units(seat, Patience::GivesUp);
                pool.core.put(seat, full)
            };
            put.or_else(again).is_ok()
        });
        pool.put(held(&pool, 0), lent);
        let kept = putter.join().unwrap();
        let idle = pool.ledger.alive();
        assert!((isize::from(kept)..=1).contains(&idle), "{idle} are idle");
        check_idle(&pool, held(&pool, 1), idle as usize);
        let leased = pool.core.shards(&pool.seats.read(None)).map(|s| s.units()).sum::<usize>();
        let units = pool.core.quota.lease(2) + leased;
        assert_eq!(units, 1, "a unit was lost or made");
    });
}

/// A thread wants a unit that another one has leased for a lent object, while a collect gives units
/// back: it gets one.
#[test]
fn recall_of_units_against_collect() {
    model("recall_of_units_against_collect", Some(1), || {
        let (pool, lent) = pool_with_a_lent_object();
        let collector = other(&pool, ModelPool::collect);
        let lease = || pool.core.quota.lease(1) == 1;
        let leased = pool.core.lease_recalled(Some(held(&pool, 1)), lease);
        collector.join().unwrap();
        assert!(leased, "the thread did not get the only unit");
        drop(lent);
    });
}

/// A search overlooks no object that a thread recalls together with units.
#[test]
fn recall_of_units_against_search() {
    model("recall_of_units_against_search", Some(1), || {
        let pool = pool(FenceKind::Asymmetric, 2, 3);
        let seat = held(&pool, 0);
        // So that the shard gets a magazine.
        pool.fill(seat, 2);
        let both = [pool.get_shared(seat).unwrap(), pool.get_shared(seat).unwrap()];
        both.into_iter().for_each(|full| pool.put(seat, full));
        let lent = pool.get_shared(seat).unwrap();
        let kept = pool.with_own(seat, |shard| (shard.private.units(), shard.private.len()));
        assert_eq!(kept, Some((2, 1)));
        let other =
            other(&pool, |pool| pool.core.recall_units(Some(held(pool, 1)), Patience::GivesUp));
        let got = pool.get(held(&pool, 2));
        other.join().unwrap();
        assert!(got.is_some(), "an idle object was overlooked");
        drop((got, lent));
        assert_eq!(pool.ledger.alive(), 0);
    });
}

/// A thread uses the units that its own shard has leased for lent objects, even if another thread has
/// claimed its seat meanwhile.
#[test]
fn recall_of_own_units_beside_a_claim() {
    model("recall_of_own_units_beside_a_claim", Some(2), || {
        let (pool, lent) = pool_with_a_lent_object();
        let other = other(&pool, |pool| {
            // For another pool.
            recall_from(&pool.seats, &|id| id == 0, Patience::Waits, |_, (): &mut ()| (), drop);
        });
        let lease = || pool.core.quota.lease(1) == 1;
        let leased = pool.core.lease_recalled(Some(held(&pool, 0)), lease);
        assert!(leased, "the thread did not get the unit that its shard had leased");
        other.join().unwrap();
        drop(lent);
    });
}
