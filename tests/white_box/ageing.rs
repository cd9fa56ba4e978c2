//! The core of a pool: threads without a seat, many seats, searches and collects. A test here chooses
//! the seats, which `Pool` does not let it do.

use std::{
    iter,
    sync::{Barrier, atomic::Ordering::Relaxed},
    thread,
};

use super::{Patience, repeat, test_pool::TestPool};
use crate::{
    Pool,
    containers::{cell::EmptyCell, occupancy::BITS},
    pool::{core::Core, handle::LocalShard, stats::Stats},
    seat::{current::CurrentSeat, fence::FenceKind, seat::Seat},
    shard::size::{MAX_BATCH, PLACES, Size},
};

pub(super) fn pool() -> TestPool {
    TestPool::new(FenceKind::Symmetric, usize::MAX)
}

/// A thread has no seat if all are taken, or if it is ending. Its objects go to the shelf, which is
/// last in, first out, and where every thread finds them.
#[test]
fn threads_without_a_seat_use_the_shelf() {
    let pool = pool();
    let seat = pool.join();
    assert!(pool.take(None).is_none());
    pool.fill(None, 3);
    assert_eq!((pool.idle(), pool.core.shelf.len()), (3, 3));
    for number in [2, 1] {
        let full = pool.take(None).unwrap();
        assert_eq!(full.get().number, number);
        pool.discard(full);
    }
    let full = pool.take(Some(seat)).unwrap();
    assert_eq!((full.get().number, pool.core.shelf.len()), (0, 0));
    pool.discard(full);
    let stats = pool.core.stats();
    assert_eq!((stats.hits, stats.misses, stats.steals), (3, 1, 0));
}

#[test]
fn the_shelf_ages_like_a_shard() {
    let pool = pool();
    pool.fill(None, 3);
    assert_eq!(pool.collect(), 0);
    pool.fill(None, 2);
    let newest = pool.take(None).unwrap();
    assert_eq!(newest.get().number, 4, "those that have not aged come first");
    pool.put(None, newest);
    assert_eq!((pool.collect(), pool.collect(), pool.idle()), (3, 2, 0));
}

/// A thread without a seat finds the shared objects of other threads, and every victim. It may
/// recall the others.
#[test]
fn threads_without_a_seat_may_steal() {
    let pool = pool();
    let seat = pool.join();
    pool.fill(Some(seat), 100);
    let private = pool.private(seat);
    assert!((1..=1 + MAX_BATCH).contains(&private), "{private} are private");
    assert_eq!(pool.drain_shared(None), 100 - private);
    assert_eq!(pool.collect(), 0);
    assert_eq!(pool.drain_shared(None), private);
    let stats = pool.core.stats();
    assert!(stats.steals > 0, "they were on the shelf");
    assert_eq!((stats.hits, stats.victim_hits), (100, private as u64));
    pool.fill(Some(seat), 100);
    assert!(pool.private(seat) > 0);
    assert_eq!((pool.drain(None), pool.idle()), (100, 0));
}

#[test]
fn the_bound_holds_for_the_shelf() {
    let pool = TestPool::new(FenceKind::Symmetric, 2);
    pool.fill(None, 2);
    assert!(!pool.put(None, pool.make()));
    assert_eq!((pool.idle(), pool.collect(), pool.collect()), (2, 0, 2));
    pool.fill(None, 2);
}

/// An idle object survives one collect and is dropped by the second; a used one survives.
#[test]
fn used_objects_survive_collects() {
    let pool = pool();
    let (seat, other) = (pool.join(), pool.join());
    pool.fill(Some(seat), 40);
    pool.fill(Some(other), 10);
    assert_eq!((pool.collect(), pool.idle()), (0, 50));
    let used = pool.take(Some(seat)).unwrap();
    assert!(pool.put(Some(seat), used));
    assert_eq!((pool.collect(), pool.collect(), pool.idle()), (49, 1, 0));
}

/// Seats have shards of their own, in whichever order they come to the pool.
#[test]
fn new_shards_lose_no_object() {
    let pool = TestPool::new(FenceKind::Symmetric, usize::MAX);
    let n = repeat(100, 6);
    let seats: Vec<_> = (0..n).map(|_| pool.join()).collect();
    for (i, seat) in seats.iter().rev().enumerate() {
        pool.fill(Some(seat), 40);
        assert_eq!(pool.idle(), 40 * (i + 1));
    }
    assert!(seats.iter().all(|seat| pool.shard(seat).is_some()));
    for seat in &seats {
        let own: Vec<_> = (0..12).map(|_| pool.take(Some(seat)).unwrap()).collect();
        let first = 40 * (n - 1 - seat.id);
        assert!(own.iter().all(|full| (first..first + 40).contains(&full.get().number)));
        own.into_iter().for_each(|full| pool.discard(full));
    }
    assert_eq!((pool.collect(), pool.collect(), pool.idle()), (0, 28 * n, 0));
}

/// A pool has shards only for the seats of its users, and each has one of its own.
#[test]
#[cfg_attr(miri, ignore = "makes a hundred shards")]
fn seats_lead_to_their_shards() {
    let pool = pool();
    let seats: Vec<_> = (0..70).map(|_| pool.join()).collect();
    assert_eq!(pool.shards().count(), 0);
    assert!(pool.take(Some(seats[1])).is_none());
    assert_eq!(pool.shards().count(), 1);
    for (id, seat) in seats.iter().enumerate() {
        pool.fill(Some(seat), id);
        let shard = pool.shard(seat);
        assert!(shard.is_some() || id == 0, "nothing was put");
        assert!(shard.is_none_or(|shard| shard.id as usize == id));
        assert_eq!(shard.map_or(0, |shard| shard.idle()), id);
    }
    assert_eq!(pool.shards().count(), 69, "the first seat was not used");
}

/// A search finds the objects of shards that share a bit of the occupancy map with the searcher's
/// shard.
#[test]
fn threads_that_share_a_map_bit_find_each_others_objects() {
    for (own, other) in
        [(1, 1), (0, 2), (1, 2), (1, 3), (0, 1), (0, 4)].into_iter().take(repeat(6, 2))
    {
        for swapped in [false, true] {
            let pool = pool();
            let seats: Vec<_> = (0..6 * BITS).map(|_| pool.join()).collect();
            let (own, other) = (seats[own], seats[own + other * BITS]);
            let (own, other) = if swapped { (other, own) } else { (own, other) };
            assert!(pool.take(Some(own)).is_none());
            pool.fill(Some(other), 100);
            let shared = 100 - pool.private(other);
            assert_eq!(pool.drain_shared(Some(own)), shared, "{} of {}", own.id, other.id);
            assert_eq!(pool.drain(Some(own)), 100 - shared, "{} of {}", own.id, other.id);
            pool.fill(Some(other), 1);
            assert_eq!(pool.collect(), 0);
            assert_eq!(pool.drain_shared(Some(own)), 1);
        }
    }
}

/// A search visits no shard if all are empty, and finds every object, wherever it was put.
#[test]
fn a_search_overlooks_no_object() {
    let pool = pool();
    let (own, other) = (pool.join(), pool.join());
    let found = |seat: &Seat, expected: usize| {
        let misses = pool.core.stats().misses;
        assert_eq!(pool.drain(Some(seat)), expected);
        assert_eq!((pool.core.stats().misses, pool.idle()), (misses + 1, 0));
    };
    let some = repeat(300, 30);
    for _ in 0..repeat(3, 1) {
        found(own, 0);
        pool.fill(None, 3);
        found(own, 3);
        pool.fill(Some(own), some);
        found(own, some);
        pool.fill(Some(own), 1);
        assert_eq!(pool.collect(), 0);
        found(own, 1);
        pool.fill(Some(other), 100);
        assert_eq!(pool.collect(), 0);
        found(own, 100);
        pool.fill(Some(own), 200);
        assert_eq!(pool.collect(), 0);
        found(own, 200);
        pool.fill(None, 2);
        assert_eq!(pool.collect(), 0);
        found(own, 2);
        for n in [1, 2, 100] {
            pool.fill(Some(other), n);
            found(own, n);
        }
        found(other, 0);
    }
}

/// A search takes what is shared before it recalls what is private, and a recall takes all that a
/// thread keeps.
#[test]
fn a_recall_comes_last() {
    let pool = pool();
    let (own, other, third) = (pool.join(), pool.join(), pool.join());
    pool.fill(Some(other), 1);
    pool.fill(Some(third), 1);
    pool.fill(None, 1);
    assert_eq!(pool.collect(), 0);
    pool.fill(Some(other), 10);
    let (all, private) = (pool.idle(), pool.private(other));
    assert!(private > 1);
    for left in (private..all).rev() {
        pool.discard(pool.take(Some(own)).unwrap());
        assert_eq!((pool.idle(), pool.private(other)), (left, private));
    }
    let steals = pool.core.stats().steals;
    pool.discard(pool.take(Some(own)).unwrap());
    assert_eq!((pool.idle(), pool.private(other)), (private - 1, 0));
    assert_eq!(pool.core.stats().steals, steals + 1, "a recalled object is one of another thread");
    assert_eq!(pool.drain_shared(Some(third)) + pool.drain(Some(third)), private - 1);
}

/// A thread that takes values put by others does not keep all of their cells.
#[test]
fn spare_cells_are_few() {
    let pool = pool();
    let (own, other) = (pool.join(), pool.join());
    let most = Size::<super::objects::Item>::EMPTIES + 1 + PLACES;
    for round in 0..repeat(100, 10) {
        // Through other threads, and directly to the thread's own shard.
        for seat in [other, own] {
            pool.fill(Some(seat), 2 * PLACES);
            let mut taken = 0;
            loop {
                // SAFETY: this thread's seat, and it has no other pin.
                let pin = unsafe { own.pin() }.unwrap();
                // SAFETY: pinned.
                let owner = pool.shard(own).map(|shard| unsafe { shard.owner() });
                let near = owner.and_then(|owner| owner.private().take());
                drop(pin);
                let value = near.or_else(|| {
                    let (value, empty) = pool.core.take(Some(own))?.take_value();
                    pool.core.push_empty(Some(own), empty);
                    Some(value)
                });
                if value.is_none() {
                    break;
                }
                taken += 1;
            }
            assert!(taken > 0);
        }
        // SAFETY: no other thread uses the pool.
        let owner = unsafe { pool.shard(own).unwrap().owner() };
        if round % 10 == 9 {
            let spare = owner.private().take_empties().len();
            assert!(spare <= most, "{spare} cells are kept");
        }
    }
}

/// The tables of seats grow while other threads search them.
#[test]
fn tables_grow_under_thieves() {
    for _ in 0..repeat(5, 1) {
        let pools: Vec<_> = (0..repeat(40, 10)).map(|_| <Pool<usize>>::new(|| 0)).collect();
        let start = Barrier::new(4);
        let take_all = |pool: &Pool<usize>| iter::from_fn(|| pool.try_take()).count();
        let use_all = |i| {
            start.wait();
            let put_and_take = |pool: &Pool<usize>| {
                (0..200).for_each(|n| pool.put(n));
                (200, take_all(pool))
            };
            let all = pools.iter().skip(i).map(put_and_take);
            all.fold((0, 0), |(put, taken), one| (put + one.0, taken + one.1))
        };
        let (mut put, mut gone) = (0, 0);
        thread::scope(|scope| {
            let use_all = &use_all;
            let threads: Vec<_> = (0..4).map(|i| scope.spawn(move || use_all(i))).collect();
            for thread in threads {
                let (more, taken) = thread.join().unwrap();
                (put, gone) = (put + more, gone + taken);
            }
        });
        gone += pools.iter().map(take_all).sum::<usize>();
        // Other tests collect, and what they drop is counted a moment later.
        let patience = Patience::new();
        let dropped = || pools.iter().map(|pool| pool.stats().dropped as usize).sum::<usize>();
        while gone + dropped() < put {
            patience.wait();
        }
        assert_eq!(gone + dropped(), put);
    }
}

/// When a thread ends, all other threads can take its private objects and those that it had shared.
#[test]
fn ended_threads_leave_all_their_objects() {
    let pool = pool();
    let (seat, other) = (pool.join(), pool.join());
    pool.fill(Some(seat), 40);
    pool.leave(seat);
    assert_eq!(pool.drain(Some(other)), 40);
    let heir = pool.join();
    assert_eq!((heir.id, pool.drain(Some(heir))), (0, 0));
    pool.fill(Some(heir), 5);
    assert_eq!(pool.drain(Some(heir)), 5);
}

/// A collect removes a shard that was not used since the one before, and its counts stay.
#[test]
fn stats_count_what_freed_shards_did() {
    let pool = pool();
    let seat = pool.join();
    assert!(pool.take(Some(seat)).is_none());
    pool.fill(Some(seat), 2 * (1 + PLACES));
    assert_eq!(pool.drain(Some(seat)), 2 * (1 + PLACES));
    pool.core.count(Some(seat), &|counters| &counters.created);
    let before = pool.core.stats();
    assert_eq!((pool.collect(), pool.shards().count()), (0, 1), "used since the last collect");
    pool.fill(Some(seat), 1);
    assert_eq!((pool.collect(), pool.shards().count()), (0, 1), "an object is idle");
    assert_eq!((pool.collect(), pool.shards().count()), (1, 0));
    let (dropped, collects) = (1, before.collects + 3);
    let after = Stats { dropped, dropped_aged: dropped, collects, outstanding: 0, ..before };
    assert_eq!(pool.core.stats(), after);
    pool.fill(Some(seat), 1);
    assert_eq!((pool.shards().count(), pool.drain(Some(seat))), (1, 1));
}

/// A shard that is used between collects stays, even if it is empty at each.
#[test]
fn shards_in_use_stay() {
    let pool = pool();
    let seat = pool.join();
    for _ in 0..5 {
        assert!(pool.take(Some(seat)).is_none());
        assert_eq!((pool.collect(), pool.shards().count()), (0, 1));
    }
}

/// A hit on a missing shard fails, and writes nothing.
#[test]
#[cfg_attr(corepool_tiny, ignore = "the table is too short")]
fn nobody_is_never_written_to() {
    if FenceKind::detect() == FenceKind::Symmetric {
        return; // There are no hits.
    }
    let pool = TestPool::new(FenceKind::Asymmetric, usize::MAX);
    let seat = pool.join();
    let other = Core::<u64>::new(&pool.seats, usize::MAX);
    // SAFETY: it has no shards, and no collect runs after it is freed.
    unsafe { pool.add(&*other) };
    // Its table has room for both pools.
    pool.fill(Some(seat), 1);
    // SAFETY: this thread's seat, and its only pin.
    let local = unsafe { LocalShard::<u64>::pin(CurrentSeat::of(seat), other.index()) }.unwrap();
    assert!(!local.exists() && !local.lends());
    let full = EmptyCell::new().fill(1);
    let private = local.private();
    assert!(private.pop().is_none() && private.take().is_none());
    assert!(!private.push_cell(full.as_raw()) && private.put(2) == Err(2));
    let shard = local.shard;
    assert_eq!(
        (shard.hits(), shard.shared.counters.sum(), shard.loans(), shard.idle()),
        (0, 0, 0, 0)
    );
    assert!(!shard.open.load(Relaxed) && shard.private.units() == 0);
}
