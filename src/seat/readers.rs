//! The state of all [readers](super::reading).

use super::seat::IDLE;
use crate::sync::AtomicUsize;

/// What readers and collectors share besides the seats.
#[derive(Debug)]
pub(super) struct Readers {
    /// Counts the collects that have removed something. Written under the registry's lock. With words of
    /// 32 bits it has the value of a reader again after four billion of them during one search, which
    /// take hours.
    pub(super) epoch: AtomicUsize,
    /// The number of threads without a seat that read.
    pub(super) seatless: AtomicUsize,
    /// The number of things that were removed and are not freed yet. Used under the registry's lock.
    pub(super) removed: AtomicUsize,
}

impl Readers {
    pub(super) fn new() -> Self {
        Self {
            epoch: AtomicUsize::new(IDLE + 1),
            seatless: AtomicUsize::new(0),
            removed: AtomicUsize::new(0),
        }
    }
}
