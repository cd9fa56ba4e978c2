//! Segments, the map of the shards that may hold something, and what a shard knows of its own chain.
//!
//! There are four seats, in segments of one, one and two shards. Those of seats 0 and 2 share a bit
//! of the map, and so do those of 1 and 3.

use loom::{sync::Arc, thread};

use super::{model, world::World};
use crate::seat::{fence::FenceKind, seat::Seat};

/// Puts that leave one object in the chain, where a shard was empty.
const SPILL: usize = 4;

fn world() -> Arc<World> {
    World::new(FenceKind::Asymmetric, usize::MAX)
}

/// Takes all four seats, to be held by id.
fn join_all(world: &World) {
    (0..4).for_each(|id| assert_eq!(world.seats.join().unwrap().id, id));
}

fn held(world: &World, id: usize) -> &Seat {
    // SAFETY: joined by the main thread, and used by one thread: that of the model which says so.
    unsafe { world.seats.held(id) }
}

/// The first push of a shard to its chain sets its bit: who sees the bit finds the object.
fn seen_is_found(name: &str, thief: usize) {
    model(name, Some(3), move || {
        let world = world();
        join_all(&world);
        let seat = held(&world, 0);
        world.fill(seat, SPILL - 1);
        let thief = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = held(&world, thief);
                // Any bit but one that nobody has.
                let seen = !world.core.map.is_clear(0, usize::BITS - 1);
                let got = world.get(seat);
                assert!(got.is_some() || !seen, "a bit with nothing behind it");
                got
            })
        };
        world.fill(seat, 1);
        let got = thief.join().unwrap().or_else(|| world.core.take(None));
        world.put(seat, got.expect("a bit that was set, and cleared by nobody who found nothing"));
        assert_eq!(world.ledger.alive(), SPILL as isize);
    });
}

#[test]
fn map_seen_is_found() {
    seen_is_found("map_seen_is_found", 1);
}

/// The same with a thief whose shard shares the bit.
#[test]
fn map_shared_is_found() {
    seen_is_found("map_shared_is_found", 2);
}

/// A bit may be lost when a thief who has found nothing meets a push. The next push sets it again.
fn lost_is_set_again(name: &str, thief: usize) {
    model(name, Some(2), move || {
        let world = world();
        join_all(&world);
        let seat = held(&world, 0);
        world.fill(seat, SPILL);
        let thief = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = held(&world, thief);
                (world.get(seat), world.get(seat))
            })
        };
        world.fill(seat, 1);
        drop(thief.join().unwrap());
        world.fill(seat, 2);
        assert!(world.core.take(None).is_some(), "what is in the chain after a push");
    });
}

#[test]
fn map_lost_is_set_again() {
    lost_is_set_again("map_lost_is_set_again", 1);
}

#[test]
fn map_lost_is_set_again_shared() {
    lost_is_set_again("map_lost_is_set_again_shared", 2);
}

/// Two shards share a bit and hold something each. Whatever two thieves do there, nothing gets out
/// of sight.
#[test]
fn map_shared_by_two() {
    model("map_shared_by_two", Some(2), || {
        let world = world();
        join_all(&world);
        world.fill(held(&world, 0), SPILL);
        world.fill(held(&world, 2), SPILL);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.get(held(&world, 1)))
        };
        let mine = world.core.take(None);
        let got = [mine, other.join().unwrap()];
        let rest = std::iter::from_fn(|| world.core.take(None)).collect::<Vec<_>>();
        assert_eq!(got.iter().flatten().count() + rest.len(), 2, "one is out of sight");
    });
}

/// What has been put is found by whoever knows of it, whatever looks for it in vain have come before.
/// The thread with seat 0 looks; that with `seat`, if it has one, has put.
fn put_is_found(name: &str, put: impl Fn(&World) + Copy + Send + Sync + 'static) {
    model(name, Some(2), move || {
        let world = world();
        join_all(&world);
        let seat = held(&world, 0);
        assert!(world.get(seat).is_none(), "its shard is made");
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || put(&world))
        };
        let early = world.get(seat);
        other.join().unwrap();
        let got = early.or_else(|| world.get(seat)).expect("what the other thread has put");
        world.put(seat, got);
    });
}

#[test]
fn put_is_found_in_a_chain() {
    put_is_found("put_is_found_in_a_chain", |world| world.fill(held(world, 1), SPILL));
}

/// In a segment that comes meanwhile, and with the bit of the searcher's own shard.
#[test]
fn put_is_found_behind_the_own_bit() {
    put_is_found("put_is_found_behind_the_own_bit", |world| world.fill(held(world, 2), SPILL));
}

#[test]
fn put_is_found_on_the_shelf() {
    put_is_found("put_is_found_on_the_shelf", |world| {
        assert!(world.core.put(None, world.ledger.object()).is_ok());
    });
}

#[test]
fn put_is_found_as_a_victim() {
    put_is_found("put_is_found_as_a_victim", |world| {
        world.fill(held(world, 1), 1);
        world.collect();
    });
}

#[test]
fn put_is_found_as_a_victim_of_a_chain() {
    put_is_found("put_is_found_as_a_victim_of_a_chain", |world| {
        world.fill(held(world, 1), SPILL);
        let private = (0..SPILL - 1).map(|_| world.get(held(world, 1)).unwrap());
        private.for_each(drop);
        world.collect();
    });
}

/// What the shard of this seat says of its primary chain. Nobody collects meanwhile.
fn check_published(world: &World, seat: &Seat) {
    let shard = world.core.shard(seat).unwrap();
    // SAFETY: this thread's seat.
    let Some(_pin) = (unsafe { seat.pin() }) else { return };
    // SAFETY: pinned.
    let generation = unsafe { shard.owner() }.generation();
    assert!(shard.published() || shard.chain(generation).len() == 0, "the owner misses something");
}

/// An owner knows what is in its chain, while a thief takes it out and goes on to the next ring.
#[test]
fn published_against_thief() {
    model("published_against_thief", Some(2), || {
        let world = world();
        let (seat, thief) = (world.seats.join().unwrap(), world.seats.join().unwrap());
        // Three objects in the chain, in two rings, and none beside.
        world.fill(seat, SPILL + 2);
        (1..SPILL).for_each(|_| drop(world.get(seat)));
        let thief = {
            let (world, thief) = (Arc::clone(&world), thief.id);
            thread::spawn(move || world.get(held(&world, thief)).map(drop))
        };
        for _ in 0..2 {
            drop(world.get(seat));
            check_published(&world, seat);
        }
        thief.join().unwrap();
        world.fill(seat, SPILL);
        check_published(&world, seat);
        while world.get(seat).is_some() {}
        assert_eq!(world.core.stats().idle, 0, "an object that its owner misses");
    });
}

/// The same while a collect makes the chain a victim.
#[test]
fn published_against_collect() {
    model("published_against_collect", Some(2), || {
        let world = world();
        let seat = world.seats.join().unwrap();
        world.fill(seat, SPILL);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        world.fill(seat, 1);
        check_published(&world, seat);
        collector.join().unwrap();
        check_published(&world, seat);
        while world.get(seat).is_some() {}
        assert_eq!(world.core.stats().idle, 0, "an object that its owner misses");
    });
}

/// The segment of a seat comes while a thief looks for what is in it.
fn growth_against_thief(name: &str, other: usize) {
    model(name, Some(2), move || {
        let world = world();
        join_all(&world);
        let seat = held(&world, 0);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.fill(held(&world, other), SPILL))
        };
        let early = world.get(seat);
        other.join().unwrap();
        let got = early.or_else(|| world.get(seat)).expect("what the other thread has published");
        world.put(seat, got);
        assert_eq!(world.ledger.alive(), SPILL as isize);
    });
}

#[test]
fn growth_near_against_thief() {
    growth_against_thief("growth_near_against_thief", 1);
}

#[test]
fn growth_far_against_thief() {
    growth_against_thief("growth_far_against_thief", 3);
}

/// Two seats of one segment: both threads make it, and one is quicker.
#[test]
fn growth_against_growth() {
    model("growth_against_growth", Some(3), || {
        let world = world();
        join_all(&world);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.fill(held(&world, 3), 1))
        };
        world.fill(held(&world, 2), 1);
        other.join().unwrap();
        assert_eq!(world.core.stats().idle, 2);
    });
}
