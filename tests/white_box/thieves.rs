//! One owner and nine thieves on a ring, and on a chain. Both are private; a pool uses them only
//! when magazines spill.

use std::{
    hint::spin_loop,
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Acquire, Release},
    },
    thread,
};

use super::{
    Done, Patience, ROUNDS,
    chain::Own,
    objects::{Batch, Cells},
    ring::{RANGE, Shared},
};
use crate::containers::{cell::ObjectCell, ring::Ring};

/// The number of objects that each thief asks for.
const ALL_SORTS: [usize; 9] = [1, 1, 1, 2, 2, 3, 4, 8, 16];

/// The objects that the thieves and the owner have taken.
struct Loot {
    cells: Cells,
    count: AtomicUsize,
}

impl Loot {
    fn add(&self, batch: &[*mut ObjectCell<usize>]) {
        self.cells.came_out(batch);
        // Release: a thread that sees the count sees the slots emptied.
        self.count.fetch_add(batch.len(), Release);
    }

    fn count(&self) -> usize {
        self.count.load(Acquire)
    }
}

/// Runs an owner against thieves, until the owner is done and nothing is left to steal. Then checks
/// that each object has come out once.
fn with_thieves(
    most: [usize; 9],
    steal: impl Fn(usize) -> Option<Batch> + Sync,
    owner: impl FnOnce(&Loot),
) {
    let loot = Loot { cells: Cells::new(ROUNDS), count: AtomicUsize::new(0) };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (steal, loot, done) = (&steal, &loot, &done);
        for most in most {
            scope.spawn(move || {
                loop {
                    // Read before the steal: if the owner is done and the steal finds nothing, the
                    // thief ends.
                    let last = done.load(Acquire);
                    match steal(most) {
                        Some(none) if none.is_empty() && last => return,
                        Some(batch) if !batch.is_empty() => loot.add(&batch),
                        _ => thread::yield_now(),
                    }
                }
            });
        }
        let _done = Done(done);
        owner(loot);
    });
    loot.cells.assert_all_came_out();
}

/// A ring of 16 slots whose indices wrap during the test. Every tenth push is followed by a pop.
fn ring(pushed_at_a_time: usize, most: [usize; 9]) {
    let ring = Shared::new(16, RANGE - 500);
    with_thieves(
        most,
        |most| ring.steal(most),
        |loot| {
            for (i, mut batch) in loot.cells.cells.chunks(pushed_at_a_time).enumerate() {
                let patience = Patience::new();
                while !batch.is_empty() {
                    match ring.head().push(batch) {
                        0 => patience.wait(),
                        pushed => batch = &batch[pushed..],
                    }
                }
                if i % 10 == 0 {
                    loot.add(&ring.pop(pushed_at_a_time));
                }
            }
        },
    );
}

/// Go's `TestPoolDequeue`.
#[test]
fn ring_under_nine_thieves_one_object_at_a_time() {
    ring(1, [1; 9]);
}

#[test]
fn ring_under_nine_thieves_in_batches() {
    ring(7, ALL_SORTS);
}

/// Go's `TestPoolChain`, in batches: a chain that grows from nothing. Every tenth push is followed
/// by a pop.
#[test]
fn chain_under_nine_thieves() {
    let chain = Own::new();
    with_thieves(
        ALL_SORTS,
        |most| chain.steal(most),
        |loot| {
            for (i, batch) in loot.cells.cells.chunks(3).enumerate() {
                chain.push(batch);
                if i % 10 == 0 {
                    loot.add(&chain.pop(3));
                }
            }
        },
    );
}

/// The chain grows to several rings, is emptied by thieves, and shrinks to none, over and over.
#[test]
fn chain_that_grows_and_shrinks_under_nine_thieves() {
    let chain = Own::new();
    with_thieves(
        ALL_SORTS,
        |most| chain.steal(most),
        |loot| {
            for (i, batch) in loot.cells.cells.chunks(100).enumerate() {
                let patience = Patience::new();
                chain.push(batch);
                if i % 3 == 0 {
                    loot.add(&chain.pop(20));
                }
                while loot.count() < 100 * i + batch.len() {
                    patience.wait();
                }
                assert_eq!(chain.drain(), []);
                chain.head().shrink();
                assert_eq!(chain.slots(), 0, "a spent ring is still there");
            }
        },
    );
}

/// The owner waits for a slot that its thief has not yet emptied. The chain asks for a ring only if
/// its ring is full, and here it never is: the owner pushes to the only slot as soon as that has
/// been claimed.
#[test]
fn chain_with_a_slow_thief() {
    let chain = Own::new();
    chain.head().grow(Ring::try_new(1).unwrap());
    with_thieves(
        [1; 9],
        |most| chain.steal(most),
        |loot| {
            for cell in &loot.cells.cells {
                let (patience, mut turns) = (Patience::new(), 0);
                while chain.0.len() > 0 {
                    turns += 1;
                    if turns % 100 == 0 { patience.wait() } else { spin_loop() }
                }
                assert_eq!(chain.push(&[*cell]), [], "grown, although there was room");
            }
        },
    );
}
