//! The ring: one owner at its head, any number of thieves at its tail. It is private, and the tests
//! choose its size and first index.

use std::ptr;

use super::{
    Rng,
    objects::{Batch, Cells},
    repeat,
};
use crate::containers::ring::{MAX_SLOTS, Ring, RingHead, Steal};

/// The number of indices, after which they wrap.
pub(super) const RANGE: usize = 1 << (usize::BITS / 2);

/// A ring that threads share, even if the facade's types are not `Sync`.
pub(super) struct Shared(pub(super) Box<Ring<usize>>);

// SAFETY: a ring is meant to be shared.
unsafe impl Sync for Shared {}

impl Shared {
    /// A ring whose indices start at `index`.
    pub(super) fn new(slots: usize, index: usize) -> Self {
        Self(Ring::starting_at(slots, index % RANGE).unwrap())
    }

    /// The owner's side.
    pub(super) fn head(&self) -> RingHead<'_, usize> {
        // SAFETY: one thread of each test plays the owner.
        unsafe { self.0.head() }
    }

    /// Pops up to `most` objects, the newest last.
    pub(super) fn pop(&self, most: usize) -> Batch {
        let mut batch = vec![ptr::null_mut(); most];
        let count = self.head().pop(&mut batch);
        batch.truncate(count);
        batch
    }

    /// Steals up to `most` objects, the oldest first. Returns `None` if other threads were faster.
    pub(super) fn steal(&self, most: usize) -> Option<Batch> {
        let mut batch = vec![ptr::null_mut(); most];
        let count = match self.0.steal(&mut batch) {
            Steal::Got(count) => {
                assert!(count > 0, "got nothing");
                count
            }
            Steal::Empty => 0,
            Steal::Busy => return None,
        };
        batch.truncate(count);
        Some(batch)
    }
}

/// A ring has the requested number of slots, a power of two, and can fill all of them. It is full
/// when the head is one round ahead of the tail, and empty when both are equal.
#[test]
fn a_ring_can_use_all_its_slots() {
    assert_eq!(MAX_SLOTS, RANGE / 4);
    for slots in [1, 2, 4, 8, 16, 64, repeat(1024, 32)] {
        let cells = Cells::new(slots + 1);
        for index in [0, 1, RANGE - 1, RANGE - slots] {
            let ring = Shared::new(slots, index);
            assert_eq!((ring.0.slots(), ring.0.len()), (slots, 0));
            assert_eq!(ring.head().push(&cells.cells), slots, "one too many is asked for");
            assert_eq!(ring.head().push(&cells.cells[slots..]), 0, "full");
            assert_eq!(ring.0.len(), slots);
            assert_eq!(cells.numbers(&ring.pop(2 * slots)), (0..slots).collect::<Vec<_>>());
            assert_eq!((ring.0.len(), ring.pop(1).len()), (0, 0));
            assert_eq!(ring.0.steal(&mut [ptr::null_mut()]), Steal::Empty);
        }
    }
}

/// The owner pops the newest objects and thieves steal the oldest, each in the order of the pushes.
#[test]
fn pop_takes_the_newest_and_steal_the_oldest() {
    let cells = Cells::new(9);
    let ring = Shared::new(16, RANGE - 4);
    assert_eq!(ring.head().push(&cells.cells), 9);
    assert_eq!(cells.numbers(&ring.pop(1)), [8]);
    assert_eq!(cells.numbers(&ring.steal(1).unwrap()), [0]);
    assert_eq!(cells.numbers(&ring.pop(2)), [6, 7], "the newest last");
    assert_eq!(cells.numbers(&ring.steal(2).unwrap()), [1, 2], "the oldest first");
    assert_eq!(cells.numbers(&ring.pop(9)), [3, 4, 5]);
}

/// A thief takes half, rounded up, and at most the number that it asked for.
#[test]
fn steal_takes_half() {
    let cells = Cells::new(16);
    for len in (1..=16).step_by(repeat(1, 5)) {
        for most in (1..=17).step_by(repeat(1, 4)) {
            let ring = Shared::new(16, RANGE - len / 2);
            ring.head().push(&cells.cells[..len]);
            let half = len.div_ceil(2).min(most);
            let stolen = ring.steal(most).unwrap();
            assert_eq!(cells.numbers(&stolen), (0..half).collect::<Vec<_>>());
            assert_eq!(ring.0.len(), len - half);
        }
    }
}

/// Taking an object empties its slot: otherwise the slot could not be used in the next rounds.
#[test]
fn taken_slots_can_be_used_again() {
    let cells = Cells::new(8);
    let ring = Shared::new(8, RANGE - 20);
    for round in 0..40 {
        assert_eq!(ring.head().push(&cells.cells), 8, "round {round}");
        let left = match round % 3 {
            0 => ring.pop(8),
            1 => (0..4).flat_map(|_| ring.steal(8).unwrap()).collect(),
            _ => [ring.steal(3).unwrap(), ring.pop(5)].concat(),
        };
        assert_eq!(cells.numbers(&left), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn a_dropped_ring_drops_no_object_that_left_it() {
    let cells = Cells::new(6);
    let ring = Shared::new(8, RANGE - 3);
    ring.head().push(&cells.cells);
    cells.came_out(&[ring.pop(1), ring.steal(8).unwrap(), ring.pop(9)].concat());
    drop(ring);
    cells.assert_all_came_out();
}

/// Random batches at both ends have the same results as on a deque, at every index.
#[test]
fn a_ring_is_a_bounded_deque() {
    for seed in 0..repeat(60, 4) {
        let mut rng = Rng::new(seed);
        let slots = 1 << rng.below(6);
        let ring = Shared::new(slots, RANGE - rng.below(4 * slots));
        let (cells, mut model) = (Cells::new(slots + 9), Batch::new());
        for _ in 0..repeat(500, 60) {
            let n = rng.below(9) + 1;
            match rng.below(4) {
                0 | 1 => {
                    let batch: Batch =
                        cells.cells.iter().filter(|cell| !model.contains(*cell)).copied().collect();
                    let room = (slots - model.len()).min(n);
                    assert_eq!(ring.head().push(&batch[..n]), room);
                    model.extend(&batch[..room]);
                }
                2 => {
                    let rest = model.len().saturating_sub(n);
                    assert_eq!(ring.pop(n), model.split_off(rest));
                }
                _ => {
                    let half = model.len().div_ceil(2).min(n);
                    assert_eq!(ring.steal(n).unwrap(), model.drain(..half).collect::<Batch>());
                }
            }
            assert_eq!(ring.0.len(), model.len());
        }
    }
}
