//! Forks while the other threads repeat one operation, so that many forks happen in the middle of
//! it.

use std::{
    iter,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use corepool::{PerSeat, Pool, collect, on_collect, with_seat};

use crate::{
    alone,
    fork::fork,
    hammer::{Hammer, Held, Stamp},
};

/// Pools without a bound, with a bound that allows private places, and with one that allows none.
static POOLS: [Pool<Stamp>; 3] = [
    Pool::new(Stamp::new),
    <Pool<Stamp>>::new(Stamp::new).with_max_idle(200),
    <Pool<Stamp>>::new(Stamp::new).with_max_idle(20),
];

/// Four threads repeat the operation, with the number of the thread and of the turn. Meanwhile the
/// process forks, and each child checks its pools.
fn midway(work: fn(usize, usize)) {
    let hammer = Hammer::with(4, move |shared, thread| {
        let mut turn = 0;
        shared.repeat(usize::MAX, || {
            work(thread, turn);
            turn += 1;
        });
    });
    for _ in 0..80 {
        hammer.wait();
        drop(fork(check));
    }
    hammer.stop();
    check();
}

/// Checks that every idle object can be taken, by one holder, and that the pools then have room up
/// to their bounds.
fn check() {
    for (pool, max_idle) in POOLS.iter().zip([500, 200, 20]) {
        let held: Vec<_> = iter::from_fn(|| pool.try_get()).map(Held::new).collect();
        assert_eq!(pool.stats().idle, 0, "besides {}", held.len());
        drop(held);
        pool.clear();
        (0..500).for_each(|_| pool.put(Stamp::new()));
        assert_eq!(pool.stats().idle, max_idle);
        pool.clear();
    }
}

/// A whole magazine is spilled to the chain, and is popped again.
#[test]
fn forks_between_magazine_and_chain() {
    alone(|| {
        midway(|_, turn| {
            let held = (0..60).map(|_| POOLS[turn % 3].get());
            drop(held.collect::<Vec<_>>());
        });
    });
}

/// Half of the threads only put, the others only take.
#[test]
fn forks_between_owner_and_thieves() {
    alone(|| {
        midway(|who, turn| {
            let pool = &POOLS[turn % 3];
            match who % 2 {
                // Waits for the takers while more than 200 objects are idle.
                0 if pool.stats().idle > 200 => thread::yield_now(),
                0 => (0..20).for_each(|_| pool.put(Stamp::new())),
                _ => drop((0..20).map_while(|_| pool.try_take()).collect::<Vec<_>>()),
            }
        });
    });
}

/// Objects made by `reserve` go to the shelf.
#[test]
fn forks_at_the_shelf() {
    alone(|| {
        midway(|_, turn| {
            POOLS[turn % 3].reserve(2);
            drop([POOLS[turn % 3].try_take(), POOLS[turn % 3].try_take()]);
        });
    });
}

/// Collects with and without objects to drop.
#[test]
fn forks_in_a_collect() {
    alone(|| {
        midway(|_, turn| {
            let pool = &POOLS[turn % 3];
            pool.put(Stamp::new());
            match turn / 3 % 3 {
                0 => corepool::collect(),
                1 => pool.trim(),
                _ => pool.clear(),
            }
        });
    });
}

/// Threads begin, count on their values and end; collects run a function that counts, too. The child finds the
/// values that other threads have left, and goes on counting on its own.
#[test]
fn forks_between_values_of_seats() {
    static COUNTS: PerSeat<AtomicUsize> = PerSeat::new(AtomicUsize::default);
    fn count() {
        COUNTS.with(|own| own.store(own.load(Relaxed) + 1, Relaxed));
    }
    fn sum() -> usize {
        COUNTS.fold(0, |sum, one| sum + one.load(Relaxed))
    }
    alone(|| {
        on_collect(count).leak();
        count();
        let hammer = Hammer::with(4, move |shared, _| {
            shared.repeat(usize::MAX, || {
                drop(thread::spawn(count).join());
                count();
                collect();
            });
        });
        for _ in 0..80 {
            hammer.wait();
            drop(fork(|| {
                let before = sum();
                assert!(before > 0);
                (0..10).for_each(|_| count());
                collect();
                assert_eq!(sum(), before + 11);
                with_seat(|seat| assert!(seat.is_some()));
            }));
        }
        hammer.stop();
    });
}
