//! Pages that were visited, of which the last one comes first.

use corepool::Pool;

/// The pages that a reader has visited.
pub struct History {
    pages: Vec<u32>,
    /// With the feature `planted`, the pages are in a pool, as if it were a stack.
    pool: Pool<u32>,
}

impl History {
    /// Returns an empty history.
    pub fn new() -> Self {
        Self { pages: Vec::new(), pool: Pool::new(|| 0) }
    }

    /// Notes that the reader has left `page`.
    pub fn leave(&mut self, page: u32) {
        if cfg!(feature = "planted") {
            self.pool.put(page);
        } else {
            self.pages.push(page);
        }
    }

    /// Returns the page that the reader has left last, and forgets it.
    pub fn back(&mut self) -> Option<u32> {
        if cfg!(feature = "planted") { self.pool.try_take() } else { self.pages.pop() }
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}
