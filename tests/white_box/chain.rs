//! The chain: rings that double, the owner at the newest and thieves at the oldest.

use std::ptr;

use super::{
    Patience,
    objects::{Batch, Cells},
};
use crate::{
    cell::Cell,
    chain::{Chain, FIRST_SLOTS, Head, Push},
    ring::{Ring, Steal},
};

/// A chain that can be dropped with what is in it.
pub(super) struct Own(pub(super) Chain<usize>);

impl Own {
    pub(super) fn new() -> Self {
        Self(Chain::new())
    }

    /// The owner's side.
    pub(super) fn head(&self) -> Head<'_, usize> {
        // SAFETY: one thread of each test plays the owner.
        unsafe { self.0.head() }
    }

    pub(super) fn slots(&self) -> usize {
        self.head().slots()
    }

    /// Pushes all, with a new ring wherever one is asked for, and tells of what sizes those were.
    pub(super) fn push(&self, mut batch: &[*mut Cell<usize>]) -> Vec<usize> {
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

    /// Steals up to `most`. `None` if others were quicker.
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

    /// Steals until there is nothing.
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

/// D1: an empty chain has no ring, and asks for one of 8 at the first push.
#[test]
fn an_empty_chain_has_nothing() {
    let (chain, cells) = (Own::new(), Cells::new(1));
    assert_eq!((chain.slots(), chain.0.len()), (0, 0));
    assert!(chain.pop(4).is_empty());
    assert!(chain.steal(4).unwrap().is_empty());
    let grow = Push::Grow { pushed: 0, slots: FIRST_SLOTS };
    assert_eq!((FIRST_SLOTS, chain.head().push(&cells.cells)), (8, grow));
    chain.head().shrink();
    assert_eq!(chain.slots(), 0);
}

/// D1: each ring is twice as large as the one before, and k of them hold 8 * (2^k - 1) objects.
#[test]
fn rings_double() {
    let cells = Cells::new(8 * 31);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells[..99]), [8, 16, 32, 64]);
    assert_eq!((chain.slots(), chain.0.len()), (64, 99));
    assert_eq!(chain.push(&cells.cells[99..120]), [], "there is room for 8 * 15");
    assert_eq!(chain.push(&cells.cells[120..]), [128]);
    cells.came_out(&chain.drain());
    cells.assert_all_came_out();
}

/// A push that does not fit tells how far it came.
#[test]
fn a_batch_may_be_cut() {
    let cells = Cells::new(13);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells[..5]), [8]);
    let cut = chain.head().push(&cells.cells[5..]);
    assert_eq!(cut, Push::Grow { pushed: 3, slots: 16 });
    assert_eq!(chain.0.len(), 8);
    assert_eq!(chain.push(&cells.cells[8..]), [16]);
    assert_eq!(cells.numbers(&chain.drain()), (0..13).collect::<Vec<_>>());
}

/// D2, in part: the owner pops the newest ring only. The older ones it empties as a thief does.
#[test]
fn the_owner_pops_the_newest_ring() {
    let cells = Cells::new(20);
    let chain = Own::new();
    chain.push(&cells.cells);
    assert_eq!(cells.numbers(&chain.pop(3)), [17, 18, 19]);
    assert_eq!(cells.numbers(&chain.pop(16)), (8..17).collect::<Vec<_>>());
    assert!(chain.pop(16).is_empty());
    assert_eq!(cells.numbers(&chain.drain()), (0..8).collect::<Vec<_>>());
}

/// D3: thieves have the oldest first, through all rings, and half of one ring at a time.
#[test]
fn thieves_start_at_the_oldest_ring() {
    let cells = Cells::new(30);
    let chain = Own::new();
    assert_eq!(chain.push(&cells.cells), [8, 16, 32]);
    assert_eq!(cells.numbers(&chain.steal(64).unwrap()), [0, 1, 2, 3]);
    assert_eq!(cells.numbers(&chain.steal(1).unwrap()), [4]);
    assert_eq!(cells.numbers(&chain.drain()), (5..30).collect::<Vec<_>>());
}

/// D3, D4: a thief unlinks the rings that are spent: the newest is then the only one, and can go.
#[test]
fn thieves_unlink_spent_rings() {
    let cells = Cells::new(40);
    let chain = Own::new();
    chain.push(&cells.cells);
    cells.came_out(&chain.pop(40));
    assert_eq!(chain.0.len(), 24, "the newest ring is empty, and the older ones are not");
    for _ in 0..2 {
        chain.head().shrink();
        assert_eq!(chain.slots(), 32, "shrunk before its time");
        cells.came_out(&chain.steal(8).unwrap());
    }
    cells.came_out(&chain.drain());
    chain.head().shrink();
    assert_eq!(chain.slots(), 0, "a spent ring is still there");
    cells.assert_all_came_out();
}

/// D6, mended: the owner's own miss, which ends with a steal, unlinks what is spent.
#[test]
fn a_miss_of_the_owner_unlinks_spent_rings() {
    let cells = Cells::new(40);
    let chain = Own::new();
    for _ in 0..3 {
        assert_eq!(chain.push(&cells.cells), [8, 16, 32], "a chain that has shrunk starts anew");
        chain.pop(40);
        while !chain.steal(3).unwrap().is_empty() {}
        assert_eq!(chain.0.len(), 0);
        chain.head().shrink();
        assert_eq!(chain.slots(), 0);
    }
}
