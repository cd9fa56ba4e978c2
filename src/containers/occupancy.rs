//! The occupancy map: which shards may hold objects that thieves can take, and which may hold
//! objects that only a recall can reach.

use crate::sync::{AcqRel, Acquire, AtomicUsize, Relaxed, Release, model_limit, test_size};

/// The number of bits of a word: up to this number of shards, each has its own bit.
pub(crate) const BITS: usize = model_limit(test_size(usize::BITS as usize, 4), 2);

/// Words with a bit for each shard. The shard of seat `id` has bit `id % BITS`, so shards share bits
/// if there are more than [`BITS`].
#[derive(Debug)]
pub(crate) struct OccupancyMap {
    /// The shards whose chains may hold objects, for each parity.
    chains: [AtomicUsize; 2],
    /// The shards whose private parts are enabled.
    private: AtomicUsize,
}

/// Returns the bits that are set in `word`, in ascending order from bit `random % BITS` on, wrapping
/// round.
fn bits(word: usize, random: usize) -> impl Iterator<Item = usize> {
    let mut bits = word.rotate_right((random % BITS) as u32);
    std::iter::from_fn(move || {
        let ahead = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some((ahead + random) % BITS)
    })
}

impl OccupancyMap {
    pub(crate) fn new() -> Self {
        Self { chains: [AtomicUsize::new(0), AtomicUsize::new(0)], private: AtomicUsize::new(0) }
    }

    #[inline]
    fn word(&self, parity: u32) -> &AtomicUsize {
        &self.chains[(parity & 1) as usize]
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

    /// Returns whether all words are clear, ignoring the bit of shard `except` in the word of
    /// `parity` and in that of the private parts.
    #[inline]
    pub(crate) fn is_clear(&self, parity: u32, except: u32) -> bool {
        let except = !(1_usize.rotate_left(except));
        // Acquire: pairs with the Release of `disable`. A thread that does not see the mark of an owner
        // which has ended sees its objects on the shelf.
        // bug: cleared mark read without acquire
        let private = self.private.load(Acquire);
        // bug: quick check overlooks private parts
        let others = (self.word(parity).load(Relaxed) | private) & except;
        // bug: quick check overlooks victims
        others | self.word(parity ^ 1).load(Relaxed) == 0
    }

    /// Returns whether no chain is marked.
    pub(crate) fn has_no_chains(&self) -> bool {
        self.word(0).load(Relaxed) | self.word(1).load(Relaxed) == 0
    }

    /// Sets the private bit of shard `id`, whose owner has just enabled its private part.
    pub(crate) fn enable(&self, id: usize) {
        // Release: pairs with the Acquire of `disable`. Always a read-modify-write: a thread that
        // clears the bit for another shard sees this one's flag, or clears it before.
        // bug: enabled private part without a mark
        self.private.fetch_or(1 << (id % BITS), Release);
    }

    /// Clears a private bit, and sets it again if `still` then reports that one of its shards is
    /// enabled.
    pub(crate) fn disable(&self, bit: usize, still: impl FnOnce() -> bool) {
        // Acquire: pairs with the Release of `enable`, for the flags of the other shards. Release: pairs
        // with the Acquire of `is_clear`, for what the owner has moved to the shelf.
        self.private.fetch_and(!(1 << bit), AcqRel);
        // bug: mark of another shard's private part lost
        if still() {
            self.private.fetch_or(1 << bit, Relaxed);
        }
    }

    /// Returns the private bits that are set, starting at a random one.
    pub(crate) fn enabled(&self, random: usize) -> impl Iterator<Item = usize> {
        // Relaxed: what a put has stored before the search is seen in any case. A recall claims the seat
        // before it touches an object.
        bits(self.private.load(Relaxed), random)
    }

    /// Returns whether no bit is set.
    pub(crate) fn is_unmarked(&self, parity: u32) -> bool {
        self.word(parity).load(Relaxed) == 0
    }

    /// Returns the bits that are set, in ascending order from bit `random % BITS` on, wrapping
    /// round.
    pub(crate) fn marked(&self, parity: u32, random: usize) -> impl Iterator<Item = usize> {
        // Acquire: pairs with the Release of `mark`.
        bits(self.word(parity).load(Acquire), random)
    }
}
