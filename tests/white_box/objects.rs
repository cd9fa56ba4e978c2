//! Objects that check their own use: one holder at a time, and dropped once.

use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use crate::containers::cell::{CellBox, EmptyCell, ObjectCell};

/// Cells that were popped or stolen together.
pub(super) type Batch = Vec<*mut ObjectCell<usize>>;

/// Numbered cells, and how often each has come out. They are freed at the end, so a cell that comes
/// out twice, or not at all, is a wrong count and not a crash.
pub(super) struct Cells {
    pub(super) cells: Vec<*mut ObjectCell<usize>>,
    seen: Vec<AtomicUsize>,
}

// SAFETY: the cells are only read until the end.
unsafe impl Sync for Cells {}

impl Cells {
    pub(super) fn new(n: usize) -> Self {
        let cells = (0..n).map(|i| EmptyCell::new().fill(i).into_raw()).collect();
        let seen = iter::repeat_with(AtomicUsize::default).take(n).collect();
        Self { cells, seen }
    }

    /// The number of a cell that came out.
    pub(super) fn number(&self, cell: *mut ObjectCell<usize>) -> usize {
        assert!(!cell.is_null(), "an empty slot came out");
        // SAFETY: the cells live as long as `self`, which keeps owning them.
        let full = unsafe { CellBox::from_raw(cell) };
        let number = *full.get();
        let _ = full.into_raw();
        number
    }

    pub(super) fn numbers(&self, cells: &[*mut ObjectCell<usize>]) -> Vec<usize> {
        cells.iter().map(|&cell| self.number(cell)).collect()
    }

    /// Records that these cells came out.
    pub(super) fn came_out(&self, cells: &[*mut ObjectCell<usize>]) {
        for &cell in cells {
            let before = self.seen[self.number(cell)].fetch_add(1, Relaxed);
            assert_eq!(before, 0, "an object came out twice");
        }
    }

    /// Checks that each cell came out once.
    pub(super) fn assert_all_came_out(&self) {
        let lost = self.seen.iter().filter(|seen| seen.load(Relaxed) == 0).count();
        assert_eq!(lost, 0, "objects were lost");
        assert!(self.seen.iter().all(|seen| seen.load(Relaxed) == 1), "some came out twice");
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        // SAFETY: the pointers come from `into_raw`, and the test no longer uses its copies.
        self.cells.iter().for_each(|&cell| drop(unsafe { CellBox::from_raw(cell) }));
    }
}

/// The ledger of the objects of one test.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) made: AtomicUsize,
    pub(super) dropped: AtomicUsize,
}

impl Ledger {
    pub(super) fn alive(&self) -> usize {
        self.made.load(Relaxed) - self.dropped.load(Relaxed)
    }
}

/// An object that detects two holders. It uses relaxed and plain accesses only: the tested code has
/// to order them.
pub(super) struct Item {
    pub(super) number: usize,
    held: AtomicBool,
    uses: usize,
    ledger: Arc<Ledger>,
}

impl Item {
    /// A new object, held.
    pub(super) fn new(ledger: &Arc<Ledger>) -> Self {
        let number = ledger.made.fetch_add(1, Relaxed);
        Self { number, held: AtomicBool::new(true), uses: 0, ledger: Arc::clone(ledger) }
    }

    /// Records that a holder has it.
    pub(super) fn hold(&mut self) {
        assert!(!self.held.swap(true, Relaxed), "two holders");
        self.uses += 1;
    }

    /// Records that the holder releases it.
    pub(super) fn release(&self) {
        assert!(self.held.swap(false, Relaxed), "not held");
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        assert!(!self.held.swap(true, Relaxed), "dropped while held, or twice");
        self.ledger.dropped.fetch_add(1, Relaxed);
    }
}
