//! Whole pools: a collect against gets and puts, in both generations.

use loom::{sync::Arc, thread};

use super::{model, world::World};
use crate::{collect::collect::vacate, containers::cell::EmptyCell, seat::fence::FenceKind};

/// The owner gets and puts, while a collect flips the generations under it.
fn flip_against_owner(strategy: FenceKind) {
    let world = World::new(strategy, usize::MAX);
    let seat = world.seats.join().unwrap();
    world.fill(seat, 2);
    let collector = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.collect())
    };
    let held = world.get(seat);
    world.put(seat, held.unwrap_or_else(|| world.ledger.object()));
    collector.join().unwrap();
    // One collect drops nothing that is alive: the object is here, whatever its generation.
    assert!(world.ledger.alive() >= 1);
    assert!(world.get(seat).is_some());
}

#[test]
fn flip_against_owner_asymmetric() {
    model("flip_against_owner_asymmetric", Some(2), || flip_against_owner(FenceKind::Asymmetric));
}

#[test]
fn flip_against_owner_symmetric() {
    model("flip_against_owner_symmetric", Some(2), || flip_against_owner(FenceKind::Symmetric));
}

/// The same on the way of a hit.
#[test]
fn flip_against_hit() {
    model("flip_against_hit", Some(3), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 2);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let shard = world.core.shard(seat).unwrap();
        for _ in 0..2 {
            // SAFETY: this thread's seat.
            let Some(_pin) = (unsafe { seat.pin_fast() }) else { continue };
            // SAFETY: pinned.
            let owner = unsafe { shard.owner() };
            if let Some(full) = owner.private().pop() {
                full.get().use_it();
                assert!(owner.private().push_on_top(full).is_ok());
            }
        }
        collector.join().unwrap();
        assert_eq!(world.core.stats().idle, 2);
    });
}

/// Cells that takes have left go with a collect, too.
#[test]
fn flip_against_empties() {
    model("flip_against_empties", Some(3), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.core.push_empty(Some(seat), EmptyCell::new());
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let empty = world.core.pop_empty(Some(seat)).unwrap_or_else(EmptyCell::new);
        world.core.push_empty(Some(seat), empty);
        world.core.push_empty(Some(seat), EmptyCell::new());
        collector.join().unwrap();
    });
}

/// Values go in and out of the cells that stay where they are, while a collect takes all of these.
#[test]
fn flip_against_values() {
    model("flip_against_values", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 2);
        let shard = world.core.shard(seat).unwrap();
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        for _ in 0..2 {
            // SAFETY: this thread's seat, and its only pin.
            let pin = unsafe { seat.pin_fast() };
            // SAFETY: pinned.
            let Some(object) = pin.and_then(|_pin| unsafe { shard.owner() }.private().take())
            else {
                continue;
            };
            object.use_it();
            // SAFETY: as above.
            let kept = match unsafe { seat.pin_fast() } {
                // SAFETY: pinned.
                Some(_pin) => unsafe { shard.owner() }.private().put(object),
                None => Err(object),
            };
            if let Err(object) = kept.or_else(|object| world.core.put_value(Some(seat), object)) {
                world.put(seat, EmptyCell::new().fill(object));
            }
        }
        collector.join().unwrap();
        assert_eq!((world.core.stats().idle, world.ledger.alive()), (2, 2));
    });
}

/// A thief looks for victims while the collector that makes them is at work.
#[test]
fn flip_against_thief() {
    model("flip_against_thief", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let (owner, thief) = (world.seats.join().unwrap(), world.seats.join().unwrap());
        world.fill(owner, 5);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let got = world.get(thief);
        got.into_iter().for_each(|full| world.put(thief, full));
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), 5, "an idle object survives one collect");
    });
}

/// Two collects at a time: what was idle before both is gone after, whoever did it.
#[test]
fn flip_against_flip() {
    model("flip_against_flip", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 1);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        world.collect();
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), 0);
    });
}

/// The bound holds while units move between seats, the shelf and a collect.
#[test]
fn bound_against_collect() {
    model("bound_against_collect", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, 1);
        let seats = [world.seats.join().unwrap(), world.seats.join().unwrap()];
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        seats.into_iter().for_each(|seat| world.fill(seat, 1));
        collector.join().unwrap();
        assert!(world.ledger.alive() <= 1, "more idle objects than the bound");
        seats.into_iter().for_each(|seat| world.fill(seat, 1));
        assert!(world.ledger.alive() <= 1, "more idle objects than the bound");
    });
}

/// What a thread leaves behind is found by the next one, on whatever seat.
#[test]
fn vacate_hands_over() {
    model("vacate_hands_over", Some(3), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let seat = world.seats.join().unwrap();
                world.fill(seat, 1);
                vacate(seat);
                // SAFETY: this thread's seat, not used after.
                unsafe { world.seats.leave(seat) };
            })
        };
        let seat = world.seats.join().unwrap();
        let early = world.get(seat);
        other.join().unwrap();
        let full = early.or_else(|| world.get(seat)).expect("the object of a thread that is gone");
        world.put(seat, full);
    });
}

/// A shard opens while a collect is at work, the pool's generation being odd.
fn open_against_collect(name: &str, bound: usize, puts: usize) {
    model(name, Some(bound), move || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let seat = world.seats.join().unwrap();
        world.collect();
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        world.fill(seat, puts);
        collector.join().unwrap();
        assert_eq!(world.ledger.alive(), puts as isize, "dropped without having been idle");
    });
}

#[test]
fn open_against_drain() {
    open_against_collect("open_against_drain", 2, 4);
}

/// The same with a chain that is large enough for a collector to take its ring, were it a victim.
#[test]
fn open_against_shrink() {
    open_against_collect("open_against_shrink", 1, 6);
}

/// A thread takes a seat for the first time while a collect is at work.
#[test]
fn join_against_collect() {
    model("join_against_collect", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let seat = world.seats.join().unwrap();
        world.fill(seat, 1);
        collector.join().unwrap();
        world.fill(seat, 1);
        world.collect();
        assert!(world.ledger.alive() >= 1, "put after one collect, dropped by the next");
    });
}

/// Stats count private victims right, whatever a thief and a collector did to them together.
#[test]
fn idle_is_exact_at_rest() {
    model("idle_is_exact_at_rest", Some(2), || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let (owner, thief) = (world.seats.join().unwrap(), world.seats.join().unwrap());
        world.fill(owner, 1);
        world.collect();
        world.fill(owner, 1);
        let collector = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.collect())
        };
        let held = world.get(thief);
        collector.join().unwrap();
        let idle = world.ledger.alive() - isize::from(held.is_some());
        assert_eq!(world.core.stats().idle as isize, idle);
    });
}
