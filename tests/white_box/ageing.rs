//! A pool's core without its face: threads that have no seat, seats in all segments, what a search
//! looks at, and what a collect makes of it all.

use std::{sync::Barrier, thread};

use super::{shard::PRIVATE, world::World};
use crate::{
    containers::occupancy::BITS,
    seat::{fence::FenceKind, seat::Seat},
    shard::size::{PLACES, Size},
};

pub(super) fn world() -> World {
    World::new(FenceKind::Symmetric, usize::MAX)
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
    assert!((1..=PRIVATE).contains(&private), "{private} were out of reach");
    assert_eq!(world.collect(), 0);
    assert_eq!(world.drain(None), private);
    let stats = world.core.stats();
    assert!(stats.steals > 0, "they were on the shelf");
    assert_eq!((stats.hits, stats.victim_hits), (100, private as u64));
}

/// The bound holds for the shelf, too.
#[test]
fn the_shelf_is_bounded() {
    let world = World::new(FenceKind::Symmetric, 2);
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

/// E7, mended: seats in all segments have shards of their own, and nothing is lost as the segments
/// come.
#[test]
fn segments_are_appended() {
    let world = World::new(FenceKind::Symmetric, usize::MAX);
    let seats: Vec<_> = (0..100).map(|_| world.join()).collect();
    // The last seat first, so that the segments in between are missing for a while.
    for (i, seat) in seats.iter().rev().enumerate() {
        world.fill(Some(seat), 40);
        assert_eq!(world.idle(), 40 * (i + 1));
    }
    assert!(seats.iter().all(|seat| world.core.shard(seat).is_some()));
    for seat in &seats {
        let own: Vec<_> = (0..12).map(|_| world.take(Some(seat)).unwrap()).collect();
        let first = 40 * (99 - seat.id);
        assert!(own.iter().all(|full| (first..first + 40).contains(&full.get().number)));
        own.into_iter().for_each(|full| world.discard(full));
    }
    assert_eq!((world.collect(), world.collect(), world.idle()), (0, 2800, 0));
}

/// A pool has no shard but those of the segments that its users sit in. A seat leads to the shard
/// that its id leads to, and no two lead to the same.
#[test]
fn seats_lead_to_their_shards() {
    let world = world();
    let seats: Vec<_> = (0..70).map(|_| world.join()).collect();
    assert_eq!(world.core.shards().count(), 0);
    assert!(world.take(Some(seats[1])).is_none());
    assert_eq!(world.core.shards().count(), 1);
    for (id, seat) in seats.iter().enumerate() {
        world.fill(Some(seat), id);
        let shard = world.core.shard(seat);
        assert!(shard.is_some() || id == 0, "nothing was put");
        assert_eq!(shard.map_or(0, |shard| shard.idle()), id);
        assert_eq!(shard.map(std::ptr::from_ref), world.core.shard_of(id).map(std::ptr::from_ref));
    }
    assert!(world.core.shard_of(seats.len()).is_some_and(|shard| shard.idle() == 0));
    assert!(world.core.shard_of(128).is_none());
    assert_eq!(world.core.shards().count(), 127, "nobody was in the first segment");
}

/// A search finds what shards hold that share a bit of the map with the searcher's, whatever segments
/// are there besides.
#[test]
fn those_who_share_a_bit_find_each_other() {
    for (own, other) in [(1, 1), (1, 2), (1, 3), (0, 1), (0, 2), (0, 4)] {
        for swapped in [false, true] {
            let world = world();
            let seats: Vec<_> = (0..6 * BITS).map(|_| world.join()).collect();
            let (own, other) = (seats[own], seats[own + other * BITS]);
            let (own, other) = if swapped { (other, own) } else { (own, other) };
            assert!(world.take(Some(own)).is_none());
            world.fill(Some(other), 2 * PRIVATE);
            let found = world.drain(Some(own));
            assert!(found >= PRIVATE - 1, "{} of {} has found {found}", own.id, other.id);
            assert_eq!(world.collect(), 0);
            assert_eq!(found + world.drain(Some(own)), 2 * PRIVATE);
        }
    }
}

/// A search that has nowhere to look looks nowhere, and finds whatever is put, wherever it is.
#[test]
fn nothing_is_overlooked() {
    let world = world();
    let (own, other) = (world.join(), world.join());
    let found = |seat: &Seat, expected: usize| {
        let misses = world.core.stats().misses;
        assert_eq!(world.drain(Some(seat)), expected);
        assert_eq!((world.core.stats().misses, world.idle()), (misses + 1, 0));
    };
    for _ in 0..3 {
        found(own, 0);
        world.fill(None, 3);
        found(own, 3);
        world.fill(Some(own), 300);
        found(own, 300);
        world.fill(Some(own), 1);
        assert_eq!(world.collect(), 0);
        found(own, 1);
        world.fill(Some(other), PRIVATE);
        assert_eq!(world.collect(), 0);
        found(own, PRIVATE);
        world.fill(Some(own), 3 * PRIVATE);
        assert_eq!(world.collect(), 0);
        found(own, 3 * PRIVATE);
        world.fill(None, 2);
        assert_eq!(world.collect(), 0);
        found(own, 2);
        world.fill(Some(other), PRIVATE);
        assert!(world.take(Some(own)).is_none(), "it is all private");
        world.fill(Some(other), 1);
        world.discard(world.take(Some(own)).unwrap());
        world.drain(Some(own));
        found(other, world.idle());
    }
}

/// Those who take values that others have put do not gather the cells of all of them.
#[test]
fn spare_cells_are_few() {
    let world = world();
    let (own, other) = (world.join(), world.join());
    let most = Size::<super::objects::Item>::EMPTIES + 1 + PLACES;
    for round in 0..100 {
        // By way of others, and straight to the own shard.
        for seat in [other, own] {
            world.fill(Some(seat), 2 * PLACES);
            let mut taken = 0;
            loop {
                // SAFETY: this thread's seat, and it has no other pin.
                let pin = unsafe { own.pin() }.unwrap();
                // SAFETY: pinned.
                let owner = world.core.shard(own).map(|shard| unsafe { shard.owner() });
                let near = owner.and_then(|owner| owner.private().take());
                drop(pin);
                let value = near.or_else(|| {
                    let (value, empty) = world.core.take(Some(own))?.take_value();
                    world.core.push_empty(Some(own), empty);
                    Some(value)
                });
                if value.is_none() {
                    break;
                }
                taken += 1;
            }
            assert!(taken > 0);
        }
        // SAFETY: nobody else is here.
        let owner = unsafe { world.core.shard(own).unwrap().owner() };
        if round % 10 == 9 {
            let spare = owner.private().take_empties().len();
            assert!(spare <= most, "{spare} cells are kept");
        }
    }
}

/// Threads whose seats need the same new segment at the same time agree on one.
#[test]
fn segments_grow_once() {
    for _ in 0..50 {
        let world = World::new(FenceKind::Symmetric, usize::MAX);
        // The seats after these four belong together.
        let _held: Vec<_> = (0..4).map(|_| world.join()).collect();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let seat = world.join();
                    start.wait();
                    world.fill(Some(seat), 40);
                });
            }
        });
        assert_eq!(world.idle(), 160);
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
