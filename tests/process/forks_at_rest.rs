//! Forks while the other threads use no pool: the child finds all idle objects.

use std::{
    iter,
    sync::{
        Barrier,
        atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed},
    },
};

use corepool::{Pool, collect};

use crate::{alone, fork::fork, threads::on_threads};

/// The most objects of a test.
const MANY: usize = 5000;

/// The number of drops of each object, in this process.
static DROPS: [AtomicUsize; MANY] = [const { AtomicUsize::new(0) }; MANY];
static MADE: AtomicUsize = AtomicUsize::new(0);

/// A numbered object.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item(usize);

impl Item {
    fn new() -> Self {
        Self(MADE.fetch_add(1, Relaxed))
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        assert_eq!(DROPS[self.0].fetch_add(1, Relaxed), 0, "dropped twice");
    }
}

fn alive() -> usize {
    let dropped = DROPS.iter().map(|drops| drops.load(Relaxed)).sum::<usize>();
    MADE.load(Relaxed) - dropped
}

/// A way to reach all idle objects.
type End = fn(&Pool<Item>);

const ENDS: [End; 5] = [
    |pool| {
        let idle = alive();
        let taken: Vec<_> = iter::from_fn(|| pool.try_take()).collect();
        assert_eq!(taken.len(), idle);
    },
    |pool| {
        let idle = alive();
        let take = || iter::from_fn(|| pool.try_take()).count();
        let taken: usize = on_threads(3, |_| take()).iter().sum();
        // The private objects of this thread are still idle.
        assert_eq!(taken + take(), idle);
    },
    |_| {
        (0..2).for_each(|_| collect());
        assert_eq!(alive(), 0);
    },
    |pool| {
        pool.clear();
        assert_eq!(alive(), 0);
    },
    |_| {}, // The pool is dropped in any case.
];

/// Applies `end` to a pool that no other thread uses, and drops the pool: no object and no unit is
/// lost.
fn end(pool: Box<Pool<Item>>, max_idle: usize, end: End) {
    assert_eq!(pool.stats().idle as usize, alive());
    end(&pool);
    // No unit is lost.
    pool.trim();
    let left = pool.stats().idle as usize;
    assert_eq!(left, alive());
    (0..300).for_each(|_| pool.put(Item::new()));
    assert_eq!(pool.stats().idle as usize, max_idle.min(left + 300));
    drop(pool);
    assert_eq!(alive(), 0);
}

/// Five threads use a pool, one applies `then` to it, they use it again, and rest. Then one of them
/// forks, once for each `End`, and finally the parent applies one of them.
fn rest(max_idle: usize, then: fn(&Pool<Item>)) {
    let pool = Box::new(Pool::new(Item::new as fn() -> Item).with_max_idle(max_idle));
    let place = AtomicPtr::new(Box::into_raw(pool));
    // SAFETY: the pool is shared until the threads have ended.
    let shared = unsafe { &*place.load(Relaxed) };
    // SAFETY: callers are the only users of the pool.
    let only = || unsafe { Box::from_raw(place.load(Relaxed)) };
    let step = Barrier::new(5);
    on_threads(5, |i| {
        fill(shared, i);
        step.wait();
        if i == 0 {
            then(shared);
        }
        step.wait();
        fill(shared, 4 - i);
        shared.reserve(i);
        step.wait();
        if i == 0 {
            for wanted in ENDS {
                // The threads that share the pool exist in the parent only.
                drop(fork(|| end(only(), max_idle, wanted)));
            }
        }
        step.wait();
    });
    end(only(), max_idle, ENDS[0]);
}

/// Fills the private places of the calling thread, or puts more objects; also leaves an empty cell.
fn fill(pool: &Pool<Item>, i: usize) {
    let items = [1, 5, 17, 40, 300][i];
    (0..items).for_each(|_| pool.put(Item::new()));
    drop(pool.try_take());
}

#[test]
fn children_find_idle_objects_without_a_bound() {
    alone(|| rest(usize::MAX, |_| {}));
}

#[test]
fn children_find_aged_objects_without_a_bound() {
    alone(|| rest(usize::MAX, Pool::trim));
}

#[test]
fn children_find_idle_objects_with_shares_of_a_bound() {
    alone(|| rest(200, |_| {}));
}

#[test]
fn children_find_aged_objects_with_shares_of_a_bound() {
    alone(|| rest(200, Pool::trim));
}

#[test]
fn children_find_idle_objects_with_a_bound_without_shares() {
    alone(|| rest(8, |_| {}));
}

#[test]
fn children_find_aged_objects_with_a_bound_without_shares() {
    alone(|| rest(8, Pool::trim));
}
