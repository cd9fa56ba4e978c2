//! Moves: a collector, or a thread that ends, moves idle objects from one place to another, and for a
//! moment they are in neither. A search that finds nothing must know whether it met such a move.
//!
//! ```text
//! mover    count becomes odd;   Release fence;   move;             count becomes even
//! search   count is even?       look everywhere; Acquire fence;    is the count the same?
//! ```
//!
//! If the search has seen a place empty because of a move, the fences make it see the odd count, or
//! a later one.

use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, fence};

/// Odd while objects move. A search that lasts for exactly as many moves as the count has values
/// misses them, and may find nothing: with words of 32 bits, these are two billion collects.
#[derive(Debug)]
pub(crate) struct Moves(AtomicUsize);

impl Moves {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Begins a move, which lasts until the result is dropped. The caller holds the registry's lock.
    pub(crate) fn begin(&self) -> Moving<'_> {
        let before = self.0.load(Relaxed);
        self.0.store(before.wrapping_add(1), Relaxed);
        // Release: pairs with the fence in `none_since`, in a thread that has seen a change by the move.
        // bug: move begins without a fence
        fence(Release);
        Moving { count: &self.0, after: before.wrapping_add(2) }
    }

    /// Returns the count, for [`none_since`](Self::none_since).
    pub(crate) fn begin_search(&self) -> usize {
        // Acquire: pairs with the Release of `Moving::drop`.
        self.0.load(Acquire)
    }

    /// Returns whether no move has met a search since `begin_search` returned `before`.
    pub(crate) fn none_since(&self, before: usize) -> bool {
        // Acquire: pairs with the fence in `begin`.
        // bug: search ends without a fence
        fence(Acquire);
        // bug: moves are not noticed
        before & 1 == 0 && self.0.load(Relaxed) == before
    }
}

/// A move of objects. While this exists, a search that finds nothing is repeated.
#[derive(Debug)]
pub(crate) struct Moving<'a> {
    count: &'a AtomicUsize,
    after: usize,
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `begin_search`, for the places that objects moved to.
        // bug: move ends without release
        self.count.store(self.after, Release);
    }
}
