//! A steady load: collects do not take objects that are in regular use.

use std::sync::{
    Barrier,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use corepool::{Pool, collect};

use crate::{alone, scope};

/// A thread uses the same number of objects over and over. It creates none even if other threads
/// collect between its rounds.
#[test]
fn steady_load_creates_nothing() {
    let _alone = alone();
    for held in [1, 10, 65, 300] {
        let pool: Pool<u64> = Pool::new(|| 0);
        let round = || drop(Vec::from_iter((0..held).map(|_| pool.get())));
        round();
        let made = pool.stats().created;
        for _ in 0..100 {
            collect();
            round();
        }
        assert_eq!(pool.stats().created, made, "{held} at a time");
        assert_eq!(pool.stats().idle, held);
    }
}

/// Contention and collects may create extra objects. No more objects are idle than were ever in use
/// at once, and after two quiet collects none is.
#[test]
fn objects_made_by_contention_are_dropped_again() {
    const THREADS: usize = 16;
    let _alone = alone();
    let pool: Pool<u64> = Pool::new(|| 0);
    let (done, start) = (AtomicBool::new(false), Barrier::new(THREADS + 1));
    scope(|s| {
        let user = || {
            start.wait();
            while !done.load(Relaxed) {
                drop([pool.get(), pool.get(), pool.get()]);
            }
        };
        let users = (0..THREADS).map(|_| s.spawn(user)).collect();
        start.wait();
        for _ in 0..2_000 {
            collect();
        }
        let idle = pool.stats().idle;
        done.store(true, Relaxed);
        // Two generations, each with at most the objects that all threads used at once.
        assert!(idle <= 2 * 3 * THREADS as u64, "{idle} idle");
        users
    });
    (0..2).for_each(|_| collect());
    assert_eq!(pool.stats().idle, 0);
}
