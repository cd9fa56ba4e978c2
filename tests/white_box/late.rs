//! Collectors that pass over a seat, and what its owner makes up for.

use std::{thread, time::Duration};

use super::{ageing::world, fences::strategies, objects::Item, world::World};
use crate::{
    collect::{collectable::Collectable, pending::ErasedPending},
    pool::core::Core,
    seat::{
        claim::{AbandonedSeat, Claim},
        fence::FenceKind,
        seat::{Pin, Seat},
        table::Seats,
    },
};

/// Pins a seat whose holder this thread plays.
fn pin(seat: &Seat) -> Option<Pin<'_>> {
    // SAFETY: the caller's, and its only pin.
    unsafe { seat.pin() }
}

/// A collect by another thread, while this one may have a seat pinned.
fn collect_elsewhere(world: &World) -> usize {
    thread::scope(|scope| scope.spawn(|| world.collect()).join().unwrap())
}

/// While a collector claims the seats, nobody can pin one; then everybody can.
#[test]
fn claims_close_the_gates() {
    for strategy in strategies() {
        let seats = Seats::new(strategy, 100);
        let held: Vec<_> = (0..70).map(|_| seats.join().unwrap()).collect();
        // SAFETY: this thread has joined them all, and keeps no pin.
        let pinned = || held.iter().filter(|seat| unsafe { seat.pin() }.is_some()).count();
        // SAFETY: as above.
        let fast = || held.iter().filter(|seat| unsafe { seat.pin_fast() }.is_some()).count();
        let open = if strategy == FenceKind::Asymmetric { 70 } else { 0 };
        assert_eq!((pinned(), fast()), (70, open));
        // SAFETY: the only one.
        let claim = unsafe { Claim::new(&seats, true) };
        assert!(claim.reached().eq(0..70));
        assert_eq!((pinned(), fast()), (0, 0), "pinned and claimed");
        assert!(!held.iter().any(|seat| seat.is_late()));
        drop(claim);
        assert_eq!((pinned(), fast()), (70, open));
    }
}

/// The seats that are pinned are passed over, and stay closed until the work is made up for.
#[test]
fn claims_pass_over_pinned_seats() {
    for strategy in strategies() {
        let seats = Seats::new(strategy, 3);
        let held: Vec<_> = (0..3).map(|_| seats.join().unwrap()).collect();
        // SAFETY: this thread's seat, and its only pin.
        let pin = unsafe { held[1].pin() };
        assert!(pin.is_some());
        for _ in 0..2 {
            // SAFETY: one at a time.
            let claim = unsafe { Claim::new(&seats, true) };
            assert!(claim.reached().eq([0, 2]));
        }
        drop(pin);
        assert!(held.iter().map(|seat| seat.is_late()).eq([false, true, false]));
        // SAFETY: as above, and not pinned any more.
        assert!(unsafe { held[1].pin() }.is_none());
        held[1].caught_up();
        assert!(!held[1].is_late());
        // SAFETY: as above.
        assert!(unsafe { held[1].pin() }.is_some());
    }
}

/// A collect does not wait for a seat that is pinned. The seat then stays closed until its owner has
/// done the work, and with that its shard is where the others are: one generation on.
#[test]
fn late_seats_catch_up() {
    for strategy in strategies() {
        let world = World::new(strategy, usize::MAX);
        let (late, other) = (world.join(), world.join());
        [late, other].into_iter().for_each(|seat| world.fill(Some(seat), 10));
        let pinned = pin(late);
        assert!(pinned.is_some());
        assert_eq!(collect_elsewhere(&world), 0);
        drop(pinned);
        assert!(late.is_late() && !other.is_late());
        assert!(pin(late).is_none() && pin(other).is_some());
        // The long way round, without making up for it: past the own shard.
        let full = world.make();
        full.get().release();
        assert!(world.core.put(Some(late), full).is_ok());
        assert_eq!(world.core.shelf.len(), 1);
        // Now as a thread does it.
        world.catch_up(Some(late));
        assert!(!late.is_late() && pin(late).is_some());
        world.fill(Some(late), 5);
        assert_eq!(world.collect(), 20, "both shards were one generation behind");
        assert_eq!(world.collect(), 6);
    }
}

/// A seat that has missed two collects: what was idle before both is gone at the next one, and what
/// came after lives as long as anything.
#[test]
fn very_late_seats_catch_up() {
    for collects in 2..5 {
        let world = world();
        let late = world.join();
        world.fill(Some(late), 60);
        let pinned = pin(late);
        assert_eq!((0..collects).map(|_| collect_elsewhere(&world)).sum::<usize>(), 0);
        drop(pinned);
        world.fill(Some(late), 7);
        assert_eq!((world.idle(), world.collect(), world.collect()), (67, 60, 7));
    }
}

/// As above, if the collector finds the seat free again before its owner has noticed.
#[test]
fn collectors_reach_seats_that_were_late() {
    let world = world();
    let late = world.join();
    world.fill(Some(late), 60);
    let pinned = pin(late);
    assert_eq!(collect_elsewhere(&world), 0);
    drop(pinned);
    assert_eq!(world.collect(), 60);
    assert!(pin(late).is_some());
    world.fill(Some(late), 7);
    assert_eq!((world.collect(), world.collect()), (0, 7));
}

/// A thread that goes while its seat is late leaves nothing undone to the next one.
#[test]
fn late_seats_leave() {
    let world = world();
    let late = world.join();
    world.fill(Some(late), 10);
    let pinned = pin(late);
    collect_elsewhere(&world);
    drop(pinned);
    world.leave(late);
    let heir = world.join();
    assert!(!heir.is_late());
    world.fill(Some(heir), 5);
    assert_eq!((world.idle(), world.collect(), world.collect()), (15, 10, 5));
}

/// A seat that was late for all pools stays so when a collect of one of them finds it free.
#[test]
fn a_trim_does_not_make_up_for_a_collect() {
    let (world, other) = (world(), Core::<Item>::new(usize::MAX));
    let late = world.join();
    world.fill(Some(late), 10);
    let pinned = pin(late);
    assert_eq!(world.collect_pools(&[&*world.core, &*other], true), 0);
    drop(pinned);
    world.collect_pools(&[&*other], false);
    world.fill(Some(late), 5);
    assert_eq!((world.collect(), world.collect()), (10, 5));
}

/// Does something in the midst of a collect: when the seats are claimed, and the pools after this
/// one have not aged.
struct Meanwhile<F>(F);

impl<F: Fn() + Send + Sync> Collectable for Meanwhile<F> {
    fn set_entry(&self, _: usize) {}

    unsafe fn drain(&self) {}

    unsafe fn flip(&self, _: &mut dyn Iterator<Item = usize>) {
        self.0();
    }

    unsafe fn take_pending(&self) -> Option<ErasedPending> {
        None
    }

    unsafe fn catch_up(&self, _: usize) {}

    unsafe fn vacate(&self, _: usize) {}

    unsafe fn lock_for_fork(&self) {}

    unsafe fn unlock_after_fork(&self) {}

    unsafe fn reset_after_fork(&self, _: &mut dyn Iterator<Item = AbandonedSeat>) {}
}

/// A thread that takes its first seat while a collect is at work is not left a generation behind.
#[test]
fn newcomers_are_not_left_behind() {
    let world = world();
    thread::scope(|scope| {
        let meanwhile = Meanwhile(|| {
            let newcomer = scope.spawn(|| world.fill(Some(world.join()), 10));
            // It may well have to wait for the collect, but not the other way round.
            for _ in 0..1000 {
                if newcomer.is_finished() {
                    break;
                }
                thread::sleep(Duration::from_micros(20));
            }
        });
        assert_eq!(world.collect_pools(&[&meanwhile, &*world.core], true), 0);
    });
    // SAFETY: the thread that had it is gone, without a word.
    let seat = unsafe { world.seats.held(0) };
    world.fill(Some(seat), 5);
    let gone = world.collect();
    assert!(gone == 0 || gone == 10, "{gone} of 15 went, of which 5 had just come");
    assert_eq!(world.collect(), 15 - gone);
}
