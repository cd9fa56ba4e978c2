//! Counters that only grow.

/// A counter as recorders see it: it never decreases, and is 64 bits wide on every machine.
///
/// It follows a count that may wrap, as those of pools do with words of 32 bits, and that may be read
/// while other threads change it, so that it seems to decrease.
#[derive(Debug, Default)]
pub(crate) struct Total {
    total: u64,
    /// The last reading of the count, modulo its size.
    last: usize,
}

impl Total {
    /// Follows the count, which has been read as `now`. Returns the total.
    pub(crate) fn follow(&mut self, now: u64) -> u64 {
        let more = (now as usize).wrapping_sub(self.last) as isize;
        // bug: total decreases; counters stand still
        if more > 0 {
            self.total = self.total.wrapping_add(more as u64);
            self.last = now as usize;
        }
        self.total
    }
}
