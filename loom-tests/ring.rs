//! The ring alone: an owner at its head, thieves at its tail.

use std::ptr;

use loom::{sync::Arc, thread};

use super::{
    ledger::{Ledger, Object},
    model,
};
use crate::containers::{
    cell::{CellBox, ObjectCell},
    ring::{Ring, Steal},
};

type Cells<const N: usize> = [*mut ObjectCell<Object>; N];

/// A ring that drops, and counts, its remaining objects when it is dropped.
struct Owned(Box<Ring<Object>>);

// SAFETY: the tests use the ring as the crate does.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Owned {
    fn new(slots: usize, index: usize) -> Arc<Self> {
        Arc::new(Self(Ring::starting_at(slots, index).unwrap()))
    }

    /// Pushes new objects as the owner. Returns how many fit.
    fn push<const N: usize>(&self, ledger: &Ledger) -> usize {
        let batch: Cells<N> = std::array::from_fn(|_| ledger.object().into_raw());
        // SAFETY: one thread of each model plays the owner.
        let pushed = unsafe { self.0.head() }.push(&batch);
        batch[pushed..].iter().for_each(|&cell| finish(cell));
        pushed
    }

    /// Pops as the owner.
    fn pop<const N: usize>(&self) -> usize {
        let mut batch: Cells<N> = [ptr::null_mut(); N];
        // SAFETY: as above.
        let popped = unsafe { self.0.head() }.pop(&mut batch);
        batch[..popped].iter().for_each(|&cell| finish(cell));
        popped
    }

    fn steal<const N: usize>(&self) -> usize {
        let mut batch: Cells<N> = [ptr::null_mut(); N];
        match self.0.steal(&mut batch) {
            Steal::Got(count) => {
                batch[..count].iter().for_each(|&cell| finish(cell));
                count
            }
            Steal::Empty | Steal::Busy => 0,
        }
    }
}

/// Uses and drops an object.
fn finish(cell: *mut ObjectCell<Object>) {
    // SAFETY: the thread that got the cell owns it, which the ledger checks.
    let full = unsafe { CellBox::from_raw(cell) };
    full.get().use_it();
}

/// Takes the objects that are left, and checks that all have been dropped.
fn settle(ring: &Owned, ledger: &Ledger) {
    while ring.steal::<2>() > 0 {}
    assert_eq!(ring.0.len(), 0);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn ring_push_against_steal() {
    model("ring_push_against_steal", Some(3), || {
        let ledger = Ledger::new();
        let ring = Owned::new(2, 0);
        let thief = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.steal::<1>() + ring.steal::<1>())
        };
        ring.push::<1>(&ledger);
        ring.push::<1>(&ledger);
        thief.join().unwrap();
        settle(&ring, &ledger);
    });
}

#[test]
fn ring_pop_against_two_thieves() {
    model("ring_pop_against_two_thieves", Some(3), || {
        let ledger = Ledger::new();
        let ring = Owned::new(2, 0);
        ring.push::<2>(&ledger);
        let thieves: Vec<_> = (0..2)
            .map(|_| {
                let ring = Arc::clone(&ring);
                thread::spawn(move || ring.steal::<1>())
            })
            .collect();
        let popped = ring.pop::<1>();
        let stolen: usize = thieves.into_iter().map(|thief| thief.join().unwrap()).sum();
        assert!(popped + stolen <= 2);
        settle(&ring, &ledger);
    });
}

#[test]
fn ring_batches_against_half() {
    model("ring_batches_against_half", Some(3), || {
        let ledger = Ledger::new();
        let ring = Owned::new(4, 0);
        let thief = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.steal::<2>() + ring.steal::<2>())
        };
        ring.push::<3>(&ledger);
        ring.pop::<2>();
        ring.push::<2>(&ledger);
        thief.join().unwrap();
        settle(&ring, &ledger);
    });
}

/// The owner pushes to slots that a thief has claimed. They count as full until the thief has
/// emptied them.
#[test]
fn ring_full_and_handed_back() {
    model("ring_full_and_handed_back", None, || {
        let ledger = Ledger::new();
        let ring = Owned::new(2, 0);
        assert_eq!(ring.push::<2>(&ledger), 2);
        let thief = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.steal::<1>())
        };
        let pushed = ring.push::<1>(&ledger);
        let stolen = thief.join().unwrap();
        assert!(pushed <= stolen, "pushed to a slot that was not free");
        settle(&ring, &ledger);
    });
}

/// The indices wrap while a thief steals.
#[test]
fn ring_wraps() {
    model("ring_wraps", Some(3), || {
        let ledger = Ledger::new();
        let ring = Owned::new(2, (1 << (usize::BITS / 2)) - 1);
        let thief = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.steal::<1>())
        };
        let mut pushed = 0;
        for _ in 0..3 {
            pushed += ring.push::<1>(&ledger);
        }
        let popped = ring.pop::<2>();
        let stolen = thief.join().unwrap();
        assert_eq!(pushed, popped + stolen + ring.0.len());
        settle(&ring, &ledger);
    });
}
