//! Segments: where the shards of a pool are, and which of them may hold something.
//!
//! The first segment covers the machine's cores, each later one doubles the number. Segments are
//! appended and never moved, so that growth loses nothing.

use std::ptr;

use crate::{
    cell::{Full, List},
    memory::{try_box, try_slice},
    ring::Steal,
    shard::{MAX_BATCH, Shard},
    sync::{AtomicUsize, Life, Relaxed, Release},
};

const BITS: usize = usize::BITS as usize;

/// The shards of a range of seats.
pub(crate) struct Segment<T> {
    pub(crate) shards: Box<[Shard<T>]>,
    /// For each parity a bit a shard: whether that chain, or a list of victims, may hold something.
    ///
    /// A hint: set by who puts something there, cleared by a thief who finds nothing and looks once
    /// more. Nothing orders the two, so that a bit may be lost when they meet. Then thieves do not
    /// see what is there until the owner's next push, or its ageing; the owner does.
    occupied: [Box<[AtomicUsize]>; 2],
    life: Life,
}

impl<T> Segment<T> {
    pub(crate) fn try_new(len: usize) -> Option<Box<Self>> {
        let shards = try_slice(len, |_| Shard::new())?;
        let map = || try_slice(len.div_ceil(BITS), |_| AtomicUsize::new(0));
        try_box(Self { shards, occupied: [map()?, map()?], life: Life::new() })
    }

    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    /// The words of the map of this parity.
    pub(crate) fn occupied(&self, parity: u32) -> &[AtomicUsize] {
        &self.occupied[(parity & 1) as usize]
    }
}

/// One shard of a segment.
pub(crate) struct Place<'a, T> {
    pub(crate) segment: &'a Segment<T>,
    pub(crate) index: usize,
}

impl<'a, T> Place<'a, T> {
    /// The place of a bit in the map.
    pub(crate) fn of_bit(segment: &'a Segment<T>, word: usize, bit: u32) -> Self {
        Self { segment, index: word * BITS + bit as usize }
    }

    pub(crate) fn shard(&self) -> &'a Shard<T> {
        &self.segment.shards[self.index]
    }

    fn bit(&self, parity: u32) -> (&'a AtomicUsize, usize) {
        (&self.segment.occupied(parity)[self.index / BITS], 1 << (self.index % BITS))
    }

    /// Tells thieves that there may be something.
    pub(crate) fn mark(&self, parity: u32) {
        let (word, bit) = self.bit(parity);
        if word.load(Relaxed) & bit == 0 {
            // Release: pairs with the Acquire of a search, which then finds what the bit is about.
            word.fetch_or(bit, Release);
        }
    }

    /// Tells thieves that there was nothing.
    fn unmark(&self, parity: u32) {
        let (word, bit) = self.bit(parity);
        if word.load(Relaxed) & bit != 0 {
            word.fetch_and(!bit, Relaxed);
            let shard = self.shard();
            if shard.chain(parity).len() > 0 || shard.has_aged() {
                word.fetch_or(bit, Relaxed);
            }
        }
    }

    /// Tells thieves what there is, whatever they were told before.
    pub(crate) fn mark_all(&self) {
        for parity in 0..2 {
            if self.shard().chain(parity).len() > 0 || self.shard().has_aged() {
                self.mark(parity);
            }
        }
    }

    /// Takes one of the victims, or all of those that were private: they are in a list.
    pub(crate) fn steal_victims(&self, parity: u32) -> List<T> {
        let aged = self.shard().take_aged();
        if aged.len() > 0 { aged } else { self.steal(parity, 1) }
    }

    /// Takes up to `most` of the chain with this parity, if they are to be had at the first try.
    pub(crate) fn steal(&self, parity: u32, most: usize) -> List<T> {
        let mut got = List::new();
        let mut batch = [ptr::null_mut(); MAX_BATCH];
        match self.shard().chain(parity).steal(&mut batch[..most]) {
            // The oldest comes to lie on top. SAFETY: the steal made them ours.
            Steal::Got(count) => batch[..count]
                .iter()
                .rev()
                .for_each(|&cell| got.push(unsafe { Full::from_raw(cell) })),
            Steal::Empty => self.unmark(parity),
            Steal::Busy => {}
        }
        got
    }
}
