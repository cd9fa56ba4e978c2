//! Segments, and the map of the shards that may hold something.

use loom::{sync::Arc, thread};

use super::{model, world::World};
use crate::{fence::Strategy, sync::Relaxed};

/// The first push of a shard to its chain sets its bit: who sees the bit finds the object.
#[test]
fn map_seen_is_found() {
    model("map_seen_is_found", Some(3), || {
        let world = World::new(Strategy::Asymmetric, 2, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 3);
        let thief = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                let map = world.core.segments().next().unwrap().occupied(0);
                let seen = map[0].load(Relaxed) != 0;
                let got = world.get(seat);
                assert!(got.is_some() || !seen, "a bit with nothing behind it");
                got
            })
        };
        world.fill(seat, 1);
        let got = thief.join().unwrap().or_else(|| world.core.take(None));
        world.put(seat, got.expect("a bit that was set, and cleared by nobody who found nothing"));
        assert_eq!(world.ledger.alive(), 4);
    });
}

/// A bit may be lost when a thief who has found nothing meets a push. The next push sets it again.
#[test]
fn map_lost_is_set_again() {
    model("map_lost_is_set_again", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 2, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 4);
        let thief = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                (world.get(seat), world.get(seat))
            })
        };
        world.fill(seat, 1);
        drop(thief.join().unwrap());
        world.fill(seat, 2);
        assert!(world.core.take(None).is_some(), "what is in the chain after a push");
    });
}

/// A seat beyond the first segment: the segment comes while a thief looks for what is in it.
#[test]
fn growth_against_thief() {
    model("growth_against_thief", Some(2), || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        let seat = world.seats.join().unwrap();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                world.fill(seat, 4);
            })
        };
        let early = world.get(seat);
        other.join().unwrap();
        let got = early.or_else(|| world.get(seat)).expect("what the other thread has published");
        world.put(seat, got);
        assert_eq!(world.ledger.alive(), 4);
    });
}

/// Two seats of one segment: both threads make it, and one is quicker.
#[test]
fn growth_against_growth() {
    model("growth_against_growth", Some(3), || {
        let world = World::new(Strategy::Asymmetric, 1, usize::MAX);
        (0..2).for_each(|_| assert!(world.seats.join().is_some()));
        let seat = world.seats.join().unwrap();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                assert_eq!(seat.id, 3);
                world.fill(seat, 1);
            })
        };
        world.fill(seat, 1);
        other.join().unwrap();
        assert_eq!(world.core.stats().idle, 2);
    });
}
