//! The count of a pool's [loans](super::end) that are not counted in shards.

use crate::sync::{AtomicBool, AtomicUsize};

/// Set in the sum of loans when the pool has ended.
pub(super) const ENDED: usize = 1;

/// One loan, in the sum.
pub(super) const LOAN: usize = 2;

/// The loans that are not counted in shards.
#[derive(Debug)]
pub(crate) struct Loans {
    /// The number of loans times [`LOAN`], and [`ENDED`]. May wrap below 0 until the pool has ended. There
    /// are fewer loans than half of the values, because each has a cell of more than two bytes, even if
    /// it was forgotten.
    pub(super) sum: AtomicUsize,
    /// Whether the pool has ever lent an object in an owned guard.
    pub(super) any: AtomicBool,
}

impl Loans {
    pub(crate) fn new() -> Self {
        Self { sum: AtomicUsize::new(0), any: AtomicBool::new(false) }
    }
}
