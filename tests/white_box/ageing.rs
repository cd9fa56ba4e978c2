//! A pool's core without its face: threads that have no seat, seats beyond the first segment, and
//! what a collect makes of it all.

use std::{sync::Barrier, thread};

use super::world::World;
use crate::fence::Strategy;

/// A pool whose first segment has four shards.
pub(super) fn world() -> World {
    World::new(Strategy::Symmetric, 4, usize::MAX)
}

/// Without a seat, as when all are taken and in a thread that is ending: all goes to the shelf, last
/// in, first out, where every thread finds it.
#[test]
fn the_shelf_is_for_those_without_a_seat() {
    let world = world();
    let seat = world.join();
    assert!(world.take(None).is_none());
    world.fill(None, 3);
    assert_eq!((world.idle(), world.core.shelf.len()), (3, 3));
    for number in [2, 1] {
        let full = world.take(None).unwrap();
        assert_eq!(full.get().number, number);
        world.discard(full);
    }
    let full = world.take(Some(seat)).unwrap();
    assert_eq!((full.get().number, world.core.shelf.len()), (0, 0));
    world.discard(full);
    let stats = world.core.stats();
    assert_eq!((stats.hits, stats.misses, stats.steals), (3, 1, 0));
}

/// The shelf ages like a shard.
#[test]
fn the_shelf_ages() {
    let world = world();
    world.fill(None, 3);
    assert_eq!(world.collect(), 0);
    world.fill(None, 2);
    let newest = world.take(None).unwrap();
    assert_eq!(newest.get().number, 4, "those that have not aged come first");
    world.put(None, newest);
    assert_eq!((world.collect(), world.collect(), world.idle()), (3, 2, 0));
}

/// Without a seat, one still finds what other threads can spare, and every victim.
#[test]
fn those_without_a_seat_may_steal() {
    let world = world();
    let seat = world.join();
    world.fill(Some(seat), 100);
    let private = 100 - world.drain(None);
    assert!((1..=17).contains(&private), "{private} were out of reach");
    assert_eq!(world.collect(), 0);
    assert_eq!(world.drain(None), private);
    let stats = world.core.stats();
    assert!(stats.steals > 0, "they were on the shelf");
    assert_eq!((stats.hits, stats.victim_hits), (100, private as u64));
}

/// The bound holds for the shelf, too.
#[test]
fn the_shelf_is_bounded() {
    let world = World::new(Strategy::Symmetric, 1, 2);
    world.fill(None, 2);
    assert!(!world.put(None, world.make()));
    assert_eq!((world.idle(), world.collect(), world.collect()), (2, 0, 2));
    world.fill(None, 2);
}

/// E3: an idle object survives one collect and goes at the second; one that is used lives on.
#[test]
fn what_is_used_lives_on() {
    let world = world();
    let (seat, other) = (world.join(), world.join());
    world.fill(Some(seat), 40);
    world.fill(Some(other), 10);
    assert_eq!((world.collect(), world.idle()), (0, 50));
    let used = world.take(Some(seat)).unwrap();
    assert!(world.put(Some(seat), used));
    assert_eq!((world.collect(), world.collect(), world.idle()), (49, 1, 0));
}

/// E7, mended: seats far beyond the first segment have shards of their own, and nothing is lost as
/// the segments come.
#[test]
fn segments_are_appended() {
    let world = World::new(Strategy::Symmetric, 1, usize::MAX);
    let seats: Vec<_> = (0..100).map(|_| world.join()).collect();
    // The last seat first, so that the segments in between are missing for a while.
    for (i, seat) in seats.iter().rev().enumerate() {
        world.fill(Some(seat), 20);
        assert_eq!(world.idle(), 20 * (i + 1));
    }
    assert!(seats.iter().all(|seat| world.core.place(seat.id).is_some()));
    for seat in &seats {
        let own: Vec<_> = (0..12).map(|_| world.take(Some(seat)).unwrap()).collect();
        let first = 20 * (99 - seat.id);
        assert!(own.iter().all(|full| (first..first + 20).contains(&full.get().number)));
        own.into_iter().for_each(|full| world.discard(full));
    }
    assert_eq!((world.collect(), world.collect(), world.idle()), (0, 800, 0));
}

/// A hit's way to a shard of the first segment leads to where all others lead.
#[test]
fn near_shards_are_those_of_the_first_segment() {
    let world = world();
    for id in 0..9 {
        let seat = world.join();
        world.fill(Some(seat), id);
        let place = world.core.place(id);
        match world.core.near_shard(seat) {
            Some(near) => {
                assert!(id < 4 && std::ptr::eq(near, place.unwrap().shard()));
                assert_eq!(near.idle(), id);
            }
            None => assert!(id >= 4),
        }
    }
}

/// Threads whose seats need the same new segment at the same time agree on one.
#[test]
fn segments_grow_once() {
    for _ in 0..50 {
        let world = World::new(Strategy::Symmetric, 1, usize::MAX);
        // The seats after these four belong together.
        let _held: Vec<_> = (0..4).map(|_| world.join()).collect();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let seat = world.join();
                    start.wait();
                    world.fill(Some(seat), 20);
                });
            }
        });
        assert_eq!(world.idle(), 80);
    }
}

/// E8, mended: what only a thread could reach is for all once the thread is gone, and so is what it
/// had shared.
#[test]
fn threads_leave_all_behind() {
    let world = world();
    let (seat, other) = (world.join(), world.join());
    world.fill(Some(seat), 40);
    world.leave(seat);
    assert_eq!(world.drain(Some(other)), 40);
    let heir = world.join();
    assert_eq!((heir.id, world.drain(Some(heir))), (0, 0));
    world.fill(Some(heir), 5);
    assert_eq!(world.drain(Some(heir)), 5);
}
