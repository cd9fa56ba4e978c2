//! The chain: rings that double in size, with the owner at the newest and thieves at the oldest. It
//! is private, and the tests inspect its rings.

use std::ptr;

use super::{
    Patience,
    objects::{Batch, Cells},
};
use crate::containers::{
    cell::ObjectCell,
    chain::{Chain, ChainHead, FIRST_SLOTS, Push},
    ring::{Ring, Steal},
};

/// A chain that can be dropped with objects in it.
pub(super) struct Own(pub(super) Chain<usize>);

impl Own {
    pub(super) fn new() -> Self {
        Self(Chain::new())
    }

    /// The owner's side.
    pub(super) fn head(&self) -> ChainHead<'_, usize> {
        // SAFETY: one thread of each test plays the owner.
        unsafe { self.0.head() }
    }

    pub(super) fn slots(&self) -> usize {
        self.head().slots()
    }

    /// Pushes all of `batch`, and adds a ring whenever the chain asks for one. Returns the sizes of
    /// these rings.
    pub(super) fn push(&self, mut batch: &[*mut ObjectCell<usize>]) -> Vec<usize> {
        let mut rings = Vec::new();
        let patience = Patience::new();
        loop {
            match self.head().push(batch) {
                Push::Done => return rings,
                Push::Grow { pushed, slots } => {
                    batch = &batch[pushed..];
                    self.head().grow(Ring::try_new(slots).unwrap());
                    rings.push(slots);
                }
                Push::Full { pushed } => {
                    batch = &batch[pushed..];
                    patience.wait();
                }
            }
        }
    }

    pub(super) fn pop(&self, most: usize) -> Batch {
        let mut batch = vec![ptr::null_mut(); most];
        let count = self.head().pop(&mut batch);
        batch.truncate(count);
        batch
    }

    /// Steals up to `most` objects. Returns `None` if other threads were faster.
    pub(super) fn steal(&self, most: usize) -> Option<Batch> {
        let mut batch = vec![ptr::null_mut(); most];
        let count = match self.0.steal(&mut batch) {
            Steal::Got(count) => count,
            Steal::Empty => 0,
            Steal::Busy => return None,
        };
        batch.truncate(count);
        Some(batch)
    }

    /// Steals until the chain is empty.
    pub(super) fn drain(&self) -> Batch {
        let mut all = Vec::new();
        loop {
            match self.steal(64) {
                Some(none) if none.is_empty() => return all,
                batch => all.extend(batch.into_iter().flatten()),
            }
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.drain();
    }
}

/// An empty chain has no ring. The first push asks for a small one.
#[test]
fn an_empty_chain_asks_for_a_small_ring() {
    let (chain, cells) = (Own::new(), Cells::new(1));
    assert_eq!((chain.slots(), chain.0.len()), (0, 0));
    assert!(chain.pop(4).is_empty());
    assert!(chain.steal(4).unwrap().is_empty());
    let grow = Push::Grow { pushed: 0, slots: FIRST_SLOTS };
    assert_eq!(chain.head().push(&cells.cells), grow);
    chain.head().shrink();
    assert_eq!(chain.slots(), 0);
}

/// Each ring is twice as large as the one before: `k` rings have `2^k - 1` times the slots of the
/// first.
#[test]
fn each_ring_is_twice_as_large_as_the_one_before() {
    let (some, full) = (12 * FIRST_SLOTS + 3, 15 * FIRST_SLOTS);
    let cells = Cells::new(31 * FIRST_SLOTS);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells[..some]), [1, 2, 4, 8].map(|n| n * FIRST_SLOTS));
    assert_eq!((chain.slots(), chain.0.len()), (8 * FIRST_SLOTS, some));
    assert_eq!(chain.push(&cells.cells[some..full]), [], "there is room for all");
    assert_eq!(chain.push(&cells.cells[full..]), [16 * FIRST_SLOTS]);
    cells.came_out(&chain.drain());
    cells.assert_all_came_out();
}

#[test]
fn a_push_reports_how_much_of_a_batch_fit() {
    let n = FIRST_SLOTS + 3;
    let cells = Cells::new(n);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells[..FIRST_SLOTS - 1]), [FIRST_SLOTS]);
    let cut = chain.head().push(&cells.cells[FIRST_SLOTS - 1..]);
    assert_eq!(cut, Push::Grow { pushed: 1, slots: 2 * FIRST_SLOTS });
    assert_eq!(chain.0.len(), FIRST_SLOTS);
    assert_eq!(chain.push(&cells.cells[FIRST_SLOTS..]), [2 * FIRST_SLOTS]);
    assert_eq!(cells.numbers(&chain.drain()), (0..n).collect::<Vec<_>>());
}

/// The owner pops from the newest ring only. It takes from the older ones like a thief.
#[test]
fn the_owner_pops_the_newest_ring() {
    let n = 3 * FIRST_SLOTS - 1;
    let cells = Cells::new(n);
    let chain = Own::new();
    chain.push(&cells.cells);
    assert_eq!(cells.numbers(&chain.pop(2)), [n - 2, n - 1]);
    assert_eq!(cells.numbers(&chain.pop(n)), (FIRST_SLOTS..n - 2).collect::<Vec<_>>());
    assert!(chain.pop(n).is_empty());
    assert_eq!(cells.numbers(&chain.drain()), (0..FIRST_SLOTS).collect::<Vec<_>>());
}

/// Thieves take from the oldest ring first, then from the next, and half of one ring at a time.
#[test]
fn thieves_start_at_the_oldest_ring() {
    let (n, half) = (3 * FIRST_SLOTS + 1, FIRST_SLOTS / 2);
    let cells = Cells::new(n);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells), [1, 2, 4].map(|n| n * FIRST_SLOTS));
    assert_eq!(cells.numbers(&chain.steal(64).unwrap()), (0..half).collect::<Vec<_>>());
    assert_eq!(cells.numbers(&chain.steal(1).unwrap()), [half]);
    assert_eq!(cells.numbers(&chain.drain()), (half + 1..n).collect::<Vec<_>>());
}

/// A thief unlinks spent rings. Then the newest ring is the only one, and can be freed too.
#[test]
fn thieves_unlink_spent_rings() {
    let n = 5 * FIRST_SLOTS;
    let cells = Cells::new(n);
    let chain = Own::new();
    chain.push(&cells.cells);
    cells.came_out(&chain.pop(n));
    let left = 3 * FIRST_SLOTS;
    assert_eq!(chain.0.len(), left, "the newest ring is empty, and the older ones are not");
    for _ in 0..2 {
        chain.head().shrink();
        assert_eq!(chain.slots(), 4 * FIRST_SLOTS, "shrunk before its time");
        cells.came_out(&chain.steal(n).unwrap());
    }
    cells.came_out(&chain.drain());
    chain.head().shrink();
    assert_eq!(chain.slots(), 0, "a spent ring is still there");
    cells.assert_all_came_out();
}

/// A miss of the owner ends with a steal, which unlinks spent rings.
#[test]
fn a_miss_of_the_owner_unlinks_spent_rings() {
    let n = 5 * FIRST_SLOTS;
    let (cells, rings) = (Cells::new(n), [1, 2, 4].map(|n| n * FIRST_SLOTS));
    let chain = Own::new();
    for _ in 0..3 {
        assert_eq!(chain.push(&cells.cells), rings, "a chain that has shrunk starts anew");
        chain.pop(n);
        while !chain.steal(3).unwrap().is_empty() {}
        assert_eq!(chain.0.len(), 0);
        chain.head().shrink();
        assert_eq!(chain.slots(), 0);
    }
}
