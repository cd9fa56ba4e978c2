//! The cells of values. `take` leaves a cell, and `put` needs one. If different threads call the two,
//! the cells go from one to the other.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use corepool::Pool;

use crate::{alone, relay::relay};

/// A value of a size that no other block of these tests has.
type Value = [u8; 1234];

/// What a cell adds to the size of its value, at most.
const HEAD: usize = 64;

const ROUNDS: usize = 50;

/// The blocks that were allocated for cells of [`Value`]s.
static CELLS: AtomicUsize = AtomicUsize::new(0);

/// Those of them that are allocated now.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts cells.
pub(crate) struct Counting;

fn is_cell(layout: Layout) -> bool {
    (size_of::<Value>()..size_of::<Value>() + HEAD).contains(&layout.size())
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_cell(layout) {
            CELLS.fetch_add(1, Relaxed);
            LIVE.fetch_add(1, Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_cell(layout) {
            LIVE.fetch_sub(1, Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Takes values on one thread and puts them on others. Returns how many cells were allocated.
fn pass(pool: &Pool<Value>, droppers: usize, count: usize) -> usize {
    let before = CELLS.load(Relaxed);
    relay(droppers, count, || pool.take(), |value| pool.put(value));
    CELLS.load(Relaxed) - before
}

/// The number of cells does not depend on the number of values that were passed.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn cells_of_values_follow_the_values() {
    let _alone = alone();
    for droppers in [1, 2, 8] {
        let pool = <Pool<Value>>::new(|| [0; 1234]);
        let cells = pass(&pool, droppers, 2_000) + pass(&pool, droppers, 10_000);
        // A thread keeps up to 13 spare cells of this size, and the pool four times as many.
        let most = 13 * (droppers + 1) + 4 * 13 + 13 + 2 * 8;
        assert!(cells <= 2 * most, "{cells} cells for {droppers} threads");
    }
}

/// Values that come from elsewhere, and are taken out of the pool on another thread for good, leave
/// no more cells behind than threads and pools may keep. Collects free those.
#[test]
#[cfg_attr(corepool_tiny, ignore = "counts on the real sizes")]
fn cells_of_values_that_leave_are_freed() {
    let _alone = alone();
    let before = LIVE.load(Relaxed);
    let (pool, turn) = (&<Pool<Value>>::new(|| [0; 1234]), &Barrier::new(2));
    let mut most = 0;
    thread::scope(|scope| {
        let taking = scope.spawn(|| {
            for _ in 0..ROUNDS {
                turn.wait();
                while pool.try_take().is_some() {}
                turn.wait();
            }
        });
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                (0..100).for_each(|_| pool.put([1; 1234]));
            } else {
                // These have cells of their own, and need no spare ones.
                drop(Vec::from_iter((0..100).map(|_| pool.get())));
            }
            turn.wait();
            turn.wait();
            // Checked below: a panic here would leave the other thread waiting.
            most = most.max(LIVE.load(Relaxed) - before);
        }
        taking.join().unwrap();
    });
    assert_eq!(pool.stats().idle, 0);
    // Of two threads, in their places and aside, and of the pool.
    assert!(most <= 2 * (129 + 13) + 5 * 13, "{most} cells without a value");
    pool.clear();
    pool.clear();
    assert_eq!(LIVE.load(Relaxed) - before, 0);
}
