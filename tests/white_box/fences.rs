//! Owners and collectors under both fences: the asymmetric one, if the system supports it, and the
//! symmetric one, which other systems use. A process uses one kind only, so the tests create seats
//! of the other kind.

use std::{
    hint::spin_loop,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::{Done, ROUNDS, Rng, repeat, test_pool::TestPool};
use crate::{
    Pool,
    collect::{join::current_or_join, schedule::collect},
    seat::{
        claim::Claim,
        fence::{FenceKind, HEAVY},
        table::Seats,
    },
};

/// Returns each kind of fence that this system supports.
pub(super) fn strategies() -> impl Iterator<Item = FenceKind> {
    let detected = FenceKind::detect();
    [FenceKind::Symmetric].into_iter().chain((detected != FenceKind::Symmetric).then_some(detected))
}

/// The process's seats use the best fences of the system. `ci/sanitize` looks for the printed line.
#[test]
fn the_process_uses_the_fences_of_the_system() {
    let detected = FenceKind::detect();
    println!("the fences of this process: {detected:?}");
    let seat = current_or_join().unwrap();
    // SAFETY: this thread's seat, and its only pin.
    let fast = unsafe { seat.pin_fast() }.is_some();
    assert_eq!(fast, detected == FenceKind::Asymmetric);
}

/// Counts visits without an atomic read-modify-write, so that two visitors at a time lose some.
#[derive(Default)]
struct Room(AtomicUsize);

impl Room {
    fn visit(&self) {
        let visits = self.0.load(Relaxed);
        (0..4).for_each(|_| spin_loop());
        self.0.store(visits + 1, Relaxed);
    }
}

/// An owner and a collector never visit the room of a seat at the same time.
fn take_turns(fence_kind: FenceKind) {
    let seats = Seats::new(fence_kind, 3);
    let (rooms, registry) = (<[Room; 3]>::default(), Mutex::new(()));
    let (done, start) = (AtomicBool::new(false), Barrier::new(4));
    let collected = AtomicUsize::new(0);
    let own = || {
        let seat = seats.join().unwrap();
        start.wait();
        let mut visits = 0;
        // On a busy machine the collector may start late.
        let waits = |visits| visits < 1000 * ROUNDS && collected.load(Relaxed) == 0;
        while visits < 5 * ROUNDS || (waits(visits) && !done.load(Relaxed)) {
            // SAFETY: this thread's seat, and its only pin.
            let pin = unsafe { seat.pin_fast().or_else(|| seat.pin()) };
            if pin.is_some() {
                rooms[seat.id].visit();
                visits += 1;
            } else if seat.is_late() {
                // No missed work is needed: the seats have no shards.
                let _registry = registry.lock().unwrap();
                seat.caught_up();
            }
        }
        visits
    };
    let collect = || {
        start.wait();
        while !done.load(Relaxed) {
            let _registry = registry.lock().unwrap();
            // SAFETY: locked.
            let claim = unsafe { Claim::new(&seats, true) };
            collected.fetch_add(claim.reached().map(|id| rooms[id].visit()).count(), Relaxed);
        }
    };
    let owned = thread::scope(|scope| {
        scope.spawn(collect);
        let _done = Done(&done);
        let owners = [(); 3].map(|()| scope.spawn(own));
        owners.into_iter().map(|owner| owner.join().unwrap()).sum::<usize>()
    });
    let visits: usize = rooms.iter().map(|room| room.0.load(Relaxed)).sum();
    let collected = collected.into_inner();
    assert_eq!(visits, owned + collected, "two were in a room at a time");
    assert!(collected > 0);
}

#[test]
fn owners_and_collectors_take_turns() {
    strategies().for_each(take_turns);
}

/// Threads that join and leave, threads without seats, and a collector use one pool. An object has
/// one holder at a time and is dropped once, and the pool's counters agree with the ledger.
fn conserve(fence_kind: FenceKind, max_idle: usize) {
    let pool = TestPool::new(fence_kind, max_idle);
    let (done, collects) = (AtomicBool::new(false), AtomicUsize::new(0));
    let put = |seat, full| {
        pool.put(seat, full);
    };
    let work = |seed: usize| {
        let _done = Done(&done);
        let mut rng = Rng::new(seed);
        // The first thread has no seat, and the last never gives its seat back.
        let mut seat = (seed > 0).then(|| pool.join());
        let mut held = Vec::new();
        let mut rounds = 0;
        // On a busy machine the collector may start late.
        while rounds < ROUNDS || (collects.load(Relaxed) == 0 && !done.load(Relaxed)) {
            rounds += 1;
            match rng.below(1000) {
                0 if seed < 3 => {
                    seat = seat.map(|seat| {
                        pool.leave(seat);
                        pool.join()
                    });
                }
                // Up to more objects than are private, so that chains are used.
                1..20 => (0..rng.below(60)).for_each(|_| held.push(pool.make())),
                20..40 => held.drain(..).for_each(|full| put(seat, full)),
                40..500 => held.extend(pool.take_modestly(seat)),
                _ => held.pop().into_iter().for_each(|full| put(seat, full)),
            }
        }
        held.into_iter().for_each(|full| pool.discard(full));
        seat.into_iter().for_each(|seat| pool.leave(seat));
    };
    thread::scope(|scope| {
        let work = &work;
        (0..4).for_each(|seed| drop(scope.spawn(move || work(seed))));
        while !done.load(Relaxed) {
            pool.collect();
            collects.fetch_add(1, Relaxed);
            thread::yield_now();
        }
    });
    assert_eq!(pool.idle(), pool.ledger.alive());
    assert!(pool.idle() <= max_idle, "more than the bound");
    // All objects are of the last two generations, and no seat is late.
    let (first, second) = (pool.collect(), pool.collect());
    assert_eq!((pool.idle(), pool.ledger.alive()), (0, 0), "after {first} and {second}");
    let units = pool.core.quota.lease(max_idle);
    assert_eq!(units, max_idle, "units were lost");
}

#[test]
fn objects_are_conserved() {
    for fence_kind in strategies() {
        conserve(fence_kind, usize::MAX);
    }
}

#[test]
fn objects_and_units_are_conserved() {
    for fence_kind in strategies() {
        [1, 40, 1000].into_iter().for_each(|max_idle| conserve(fence_kind, max_idle));
    }
}

/// A collect beside idle threads has one heavy fence, however many pools and seats exist.
#[test]
fn a_collect_has_one_heavy_fence() {
    let (pools, threads) = (repeat(100, 4), repeat(60, 3));
    for (pools, threads) in [(1, 1), (pools, 1), (1, threads), (pools, threads)] {
        let pools: Vec<_> = (0..pools).map(|_| Pool::new(|| 0)).collect();
        let (used, end) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    pools.iter().for_each(|pool| drop(pool.get()));
                    used.wait();
                    end.wait();
                });
            }
            used.wait();
            let before = HEAVY.get();
            collect();
            let fences = HEAVY.get() - before;
            end.wait();
            assert_eq!(fences, 1, "{} pools, {threads} threads", pools.len());
        });
    }
}
