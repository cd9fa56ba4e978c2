//! The occupancy map: which shards may hold objects that thieves can take.

use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, model_limit, test_size};

/// The number of bits of a word: up to this number of shards, each has its own bit.
pub(crate) const BITS: usize = model_limit(test_size(usize::BITS as usize, 4), 2);

/// A word for each parity, with a bit for each shard. The shard of seat `id` has bit `id % BITS`,
/// so shards share bits if there are more than [`BITS`].
#[derive(Debug)]
pub(crate) struct OccupancyMap([AtomicUsize; 2]);

impl OccupancyMap {
    pub(crate) fn new() -> Self {
        Self([AtomicUsize::new(0), AtomicUsize::new(0)])
    }

    #[inline]
    fn word(&self, parity: u32) -> &AtomicUsize {
        &self.0[(parity & 1) as usize]
    }

    /// Sets the bit of shard `id`, which may hold objects now. Callers push the objects first.
    #[inline]
    pub(crate) fn mark(&self, parity: u32, id: usize) {
        let bit = 1 << (id % BITS);
        let word = self.word(parity);
        if word.load(Relaxed) & bit == 0 {
            // Release: pairs with the Acquire of `marked`. A search that sees the bit also sees the
            // objects that it stands for.
            // bug: mark before the objects it stands for
            word.fetch_or(bit, Release);
        }
    }

    /// Clears a bit, and sets it again if `holds` then reports that one of its shards holds
    /// something. Returns whether the bit is clear.
    pub(crate) fn unmark(&self, parity: u32, bit: usize, holds: impl FnOnce() -> bool) -> bool {
        let word = self.word(parity);
        if word.load(Relaxed) & (1 << bit) == 0 {
            return true;
        }
        word.fetch_and(!(1 << bit), Relaxed);
        // bug: mark lost
        let holds = holds();
        if holds {
            word.fetch_or(1 << bit, Relaxed);
        }
        !holds
    }

    /// Returns whether both words are clear, ignoring the bit of shard `except` in the word of
    /// `parity`.
    #[inline]
    pub(crate) fn is_clear(&self, parity: u32, except: u32) -> bool {
        let except = !(1_usize.rotate_left(except));
        // bug: quick check overlooks victims
        self.word(parity).load(Relaxed) & except | self.word(parity ^ 1).load(Relaxed) == 0
    }

    /// Returns the bits that are set, in ascending order from bit `random % BITS` on, wrapping
    /// round.
    pub(crate) fn marked(&self, parity: u32, random: usize) -> impl Iterator<Item = usize> {
        // Acquire: pairs with the Release of `mark`.
        let word = self.word(parity).load(Acquire);
        let mut bits = word.rotate_right((random % BITS) as u32);
        std::iter::from_fn(move || {
            let ahead = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some((ahead + random) % BITS)
        })
    }
}
