//! Late seats: those that a collector has passed over, since they stayed pinned.

use loom::{sync::Arc, thread};

use super::{ledger::Object, model, world::World};
use crate::{
    collect::collect::{age, catch_up},
    pool::core::Core,
    seat::{fence::FenceKind, seat::Seat},
};

/// A collect while the seat is pinned: its thread may have lost the processor there.
fn collect_past(world: &World, seat: &Seat) {
    // SAFETY: this thread's seat.
    let pin = unsafe { seat.pin() }.unwrap();
    world.collect();
    drop(pin);
    assert!(seat.is_late());
}

/// The owner of a late seat ages its private objects and its chain, or the next collect does.
fn catch_up_against_collect(strategy: FenceKind) {
    let world = World::new(strategy, usize::MAX);
    let seat = world.seats.join().unwrap();
    // Three are private, one is in the chain.
    world.fill(seat, 4);
    collect_past(&world, seat);
    let collector = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.collect())
    };
    catch_up(seat);
    world.fill(seat, 1);
    collector.join().unwrap();
    // What was put after one collect survives the next. What was put before both is gone, unless
    // the seat was passed over a second time.
    let alive = world.ledger.alive();
    assert!(alive == 1 || alive == 5 && seat.is_late(), "{alive} are left");
    catch_up(seat);
    assert!(!seat.is_late());
    world.collect();
    assert!(world.ledger.alive() <= 1, "idle for three collects");
}

#[test]
fn late_catch_up_asymmetric() {
    model("late_catch_up_asymmetric", Some(3), || catch_up_against_collect(FenceKind::Asymmetric));
}

#[test]
fn late_catch_up_symmetric() {
    model("late_catch_up_symmetric", Some(3), || catch_up_against_collect(FenceKind::Symmetric));
}

/// A late seat stays so when a collect of one pool alone has reached it.
#[test]
fn late_after_a_trim() {
    model("late_after_a_trim", None, || {
        let world = World::new(FenceKind::Asymmetric, usize::MAX);
        let other: Box<Core<Object>> = Core::new(usize::MAX);
        let seat = world.seats.join().unwrap();
        world.fill(seat, 1);
        assert!(world.get(seat).is_some());
        collect_past(&world, seat);
        age(&world.seats, &*other, false);
        assert!(seat.is_late());
        world.fill(seat, 1);
        world.collect();
        assert_eq!(world.ledger.alive(), 1, "put after two collects, dropped by the next");
    });
}
