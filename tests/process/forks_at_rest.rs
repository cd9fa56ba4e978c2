//! A fork while the other threads rest, outside of all operations: the child has all that is idle.

use std::{
    iter,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use corepool::{Pool, collect};

use crate::{fork::fork, program::alone};

/// The most objects of a test.
const MANY: usize = 5000;

/// How often each object was dropped, in this process.
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

/// A way to get at all that is idle.
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
        let taken: usize = thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(take));
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, idle);
    },
    |_| {
        (0..2).for_each(|_| collect());
        assert_eq!(alive(), 0);
    },
    |pool| {
        pool.clear();
        assert_eq!(alive(), 0);
    },
    |_| {}, // The pool is dropped, in any case.
];

/// Comes to such an end with a pool that nobody else uses, if it is the only one that there is.
fn end(pool: Box<Pool<Item>>, max_idle: usize, end: End) {
    assert_eq!(pool.stats().idle as usize, alive());
    end(&pool);
    let left = pool.stats().idle as usize;
    assert_eq!(left, alive());
    // No unit is lost.
    pool.trim();
    (0..=max_idle.min(500)).for_each(|_| pool.put(Item::new()));
    assert_eq!(pool.stats().idle as usize, max_idle.min(501));
    drop(pool);
    assert_eq!(alive(), 0);
}

/// Four threads use a pool, `then` is done to it, they use it some more, and rest. In that state the
/// process forks once for each end, and then comes to an end itself.
fn rest(max_idle: usize, then: fn(&Pool<Item>)) {
    let pool =
        Box::into_raw(Box::new(Pool::new(Item::new as fn() -> Item).with_max_idle(max_idle)));
    // SAFETY: nobody else has it, or threads share it.
    let shared = unsafe { &*pool };
    let step = Barrier::new(5);
    thread::scope(|scope| {
        for i in 0..4 {
            let step = &step;
            scope.spawn(move || {
                fill(shared, i);
                step.wait();
                step.wait();
                fill(shared, i + 1);
                step.wait();
                step.wait();
            });
        }
        step.wait();
        then(shared);
        step.wait();
        fill(shared, 2);
        shared.reserve(3);
        step.wait();
        for wanted in ENDS {
            // SAFETY: the child has it alone, as the threads that share it stay with the parent.
            drop(fork(|| end(unsafe { Box::from_raw(pool) }, max_idle, wanted)));
        }
        step.wait();
    });
    // SAFETY: the threads are gone.
    end(unsafe { Box::from_raw(pool) }, max_idle, ENDS[0]);
}

/// Fills the private places of the calling thread, or more; an empty cell is left as well.
fn fill(pool: &Pool<Item>, i: usize) {
    let items = [1, 5, 17, 40, 300][i];
    (0..items).for_each(|_| pool.put(Item::new()));
    drop(pool.try_take());
}

#[test]
fn without_a_bound() {
    alone(|| rest(usize::MAX, |_| {}));
}

#[test]
fn without_a_bound_and_aged() {
    alone(|| rest(usize::MAX, Pool::trim));
}

#[test]
fn with_shares_of_a_bound() {
    alone(|| rest(200, |_| {}));
}

#[test]
fn with_shares_of_a_bound_and_aged() {
    alone(|| rest(200, Pool::trim));
}

#[test]
fn with_a_bound_alone() {
    alone(|| rest(8, |_| {}));
}

#[test]
fn with_a_bound_alone_and_aged() {
    alone(|| rest(8, Pool::trim));
}
