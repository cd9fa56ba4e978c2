//! The core of a pool: threads without a seat, seats in all segments, searches and collects. A test
//! here chooses the seats, and the segments that they are in, which `Pool` does not let it do.

use std::{sync::Barrier, thread};

use super::{shard::PRIVATE, test_pool::TestPool};
use crate::{
    containers::occupancy::BITS,
    seat::{fence::FenceKind, seat::Seat},
    shard::size::{PLACES, Size},
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

/// A thread without a seat finds the shared objects of other threads, and every victim.
#[test]
fn threads_without_a_seat_may_steal() {
    let pool = pool();
    let seat = pool.join();
    pool.fill(Some(seat), 100);
    let private = 100 - pool.drain(None);
    assert!((1..=PRIVATE).contains(&private), "{private} were out of reach");
    assert_eq!(pool.collect(), 0);
    assert_eq!(pool.drain(None), private);
    let stats = pool.core.stats();
    assert!(stats.steals > 0, "they were on the shelf");
    assert_eq!((stats.hits, stats.victim_hits), (100, private as u64));
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

/// Seats in all segments have shards of their own, and no object is lost as segments are added.
#[test]
fn new_segments_lose_no_object() {
    let pool = TestPool::new(FenceKind::Symmetric, usize::MAX);
    let seats: Vec<_> = (0..100).map(|_| pool.join()).collect();
    // The last seat goes first, so that the segments in between are missing for a while.
    for (i, seat) in seats.iter().rev().enumerate() {
        pool.fill(Some(seat), 40);
        assert_eq!(pool.idle(), 40 * (i + 1));
    }
    assert!(seats.iter().all(|seat| pool.core.shard(seat).is_some()));
    for seat in &seats {
        let own: Vec<_> = (0..12).map(|_| pool.take(Some(seat)).unwrap()).collect();
        let first = 40 * (99 - seat.id);
        assert!(own.iter().all(|full| (first..first + 40).contains(&full.get().number)));
        own.into_iter().for_each(|full| pool.discard(full));
    }
    assert_eq!((pool.collect(), pool.collect(), pool.idle()), (0, 2800, 0));
}

/// A pool has shards only in the segments of its users' seats. Each seat has the shard of its id,
/// and no two seats have the same shard.
#[test]
fn seats_lead_to_their_shards() {
    let pool = pool();
    let seats: Vec<_> = (0..70).map(|_| pool.join()).collect();
    assert_eq!(pool.core.shards().count(), 0);
    assert!(pool.take(Some(seats[1])).is_none());
    assert_eq!(pool.core.shards().count(), 1);
    for (id, seat) in seats.iter().enumerate() {
        pool.fill(Some(seat), id);
        let shard = pool.core.shard(seat);
        assert!(shard.is_some() || id == 0, "nothing was put");
        assert_eq!(shard.map_or(0, |shard| shard.idle()), id);
        assert_eq!(shard.map(std::ptr::from_ref), pool.core.shard_of(id).map(std::ptr::from_ref));
    }
    assert!(pool.core.shard_of(seats.len()).is_some_and(|shard| shard.idle() == 0));
    assert!(pool.core.shard_of(128).is_none());
    assert_eq!(pool.core.shards().count(), 127, "no seat of the first segment was used");
}

/// A search finds the objects of shards that share a bit of the occupancy map with the searcher's
/// shard, whatever other segments exist.
#[test]
fn threads_that_share_a_map_bit_find_each_others_objects() {
    for (own, other) in [(1, 1), (1, 2), (1, 3), (0, 1), (0, 2), (0, 4)] {
        for swapped in [false, true] {
            let pool = pool();
            let seats: Vec<_> = (0..6 * BITS).map(|_| pool.join()).collect();
            let (own, other) = (seats[own], seats[own + other * BITS]);
            let (own, other) = if swapped { (other, own) } else { (own, other) };
            assert!(pool.take(Some(own)).is_none());
            pool.fill(Some(other), 2 * PRIVATE);
            let found = pool.drain(Some(own));
            assert!(found >= PRIVATE - 1, "{} of {} has found {found}", own.id, other.id);
            assert_eq!(pool.collect(), 0);
            assert_eq!(found + pool.drain(Some(own)), 2 * PRIVATE);
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
    for _ in 0..3 {
        found(own, 0);
        pool.fill(None, 3);
        found(own, 3);
        pool.fill(Some(own), 300);
        found(own, 300);
        pool.fill(Some(own), 1);
        assert_eq!(pool.collect(), 0);
        found(own, 1);
        pool.fill(Some(other), PRIVATE);
        assert_eq!(pool.collect(), 0);
        found(own, PRIVATE);
        pool.fill(Some(own), 3 * PRIVATE);
        assert_eq!(pool.collect(), 0);
        found(own, 3 * PRIVATE);
        pool.fill(None, 2);
        assert_eq!(pool.collect(), 0);
        found(own, 2);
        pool.fill(Some(other), PRIVATE);
        assert!(pool.take(Some(own)).is_none(), "all objects are private");
        pool.fill(Some(other), 1);
        pool.discard(pool.take(Some(own)).unwrap());
        pool.drain(Some(own));
        found(other, pool.idle());
    }
}

/// A thread that takes values put by others does not keep all of their cells.
#[test]
fn spare_cells_are_few() {
    let pool = pool();
    let (own, other) = (pool.join(), pool.join());
    let most = Size::<super::objects::Item>::EMPTIES + 1 + PLACES;
    for round in 0..100 {
        // Through other threads, and directly to the thread's own shard.
        for seat in [other, own] {
            pool.fill(Some(seat), 2 * PLACES);
            let mut taken = 0;
            loop {
                // SAFETY: this thread's seat, and it has no other pin.
                let pin = unsafe { own.pin() }.unwrap();
                // SAFETY: pinned.
                let owner = pool.core.shard(own).map(|shard| unsafe { shard.owner() });
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
        let owner = unsafe { pool.core.shard(own).unwrap().owner() };
        if round % 10 == 9 {
            let spare = owner.private().take_empties().len();
            assert!(spare <= most, "{spare} cells are kept");
        }
    }
}

#[test]
fn threads_that_need_the_same_segment_make_it_once() {
    for _ in 0..50 {
        let pool = TestPool::new(FenceKind::Symmetric, usize::MAX);
        // The seats after these four are in one segment.
        let _held: Vec<_> = (0..4).map(|_| pool.join()).collect();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let seat = pool.join();
                    start.wait();
                    pool.fill(Some(seat), 40);
                });
            }
        });
        assert_eq!(pool.idle(), 160);
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
