//! What `get` hands out, learnt from what became of earlier buffers.
//!
//! Each stripe belongs to a few threads, most often to one, and is written only when something
//! changes: with messages of one size, never. It is a hint. Threads that overwrite each other's
//! make a buffer smaller or larger than it might be, and nothing else.

use crossbeam_utils::CachePadded;

use super::class::Sizes;
use crate::{
    seat::{self, Seat},
    sync::{AtomicU32, AtomicUsize, Relaxed},
};

/// A power of two.
const STRIPES: usize = 16;

/// Up to this capacity nothing is a strike.
const SMALL: usize = 4096;

/// The last strike that is forgiven.
const STRIKES: u8 = 4;

#[derive(Debug)]
pub(crate) struct Hints([CachePadded<Stripe>; STRIPES]);

#[derive(Debug)]
pub(crate) struct Stripe {
    hint: AtomicU32,
    /// Buffers that were dropped: larger than the pool keeps, and those at the last strike.
    pub(crate) oversize: AtomicUsize,
    pub(crate) underused: AtomicUsize,
}

/// What is in the word of a stripe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hint {
    class: u8,
    strikes: u8,
    /// The largest class that was needed since the first of the strikes.
    peak: u8,
}

impl Hint {
    #[inline]
    fn unpack(word: u32) -> Self {
        let [class, strikes, peak, _] = word.to_le_bytes();
        Self { class, strikes, peak }
    }

    fn pack(self) -> u32 {
        u32::from_le_bytes([self.class, self.strikes, self.peak, 0])
    }

    /// Whether what it says was right for a buffer in which so much was used.
    #[inline]
    fn suits(self, used: usize, sizes: Sizes) -> bool {
        let size = sizes.size(self.class);
        fits(used, size) && (used <= size || self.class == sizes.top())
    }

    /// The hint after a buffer in which so much was used.
    fn after(self, used: usize, sizes: Sizes) -> Self {
        if self.suits(used, sizes) {
            return Self { class: self.class, ..Self::default() };
        }
        let needed = sizes.up(used).unwrap_or(sizes.top());
        let peak = needed.max(self.peak);
        if needed > self.class {
            Self { class: needed, ..Self::default() }
        } else if self.strikes < STRIKES {
            Self { class: self.class, strikes: self.strikes + 1, peak }
        } else {
            Self { class: peak, ..Self::default() }
        }
    }
}

/// Whether so much is worth such a capacity.
#[inline]
fn fits(used: usize, capacity: usize) -> bool {
    capacity <= SMALL || used >= capacity / 4
}

impl Hints {
    pub(crate) const fn new() -> Self {
        Self(
            [const {
                CachePadded::new(Stripe {
                    hint: AtomicU32::new(0),
                    oversize: AtomicUsize::new(0),
                    underused: AtomicUsize::new(0),
                })
            }; STRIPES],
        )
    }

    /// The number of this thread's stripe.
    #[inline]
    pub(crate) fn here() -> u8 {
        #[cold]
        #[inline(never)]
        fn join() -> Option<&'static Seat> {
            seat::current_or_join()
        }
        seat::current().or_else(join).map_or(0, |seat| (seat.id % STRIPES) as u8)
    }

    #[inline]
    pub(crate) fn stripe(&self, number: u8) -> &Stripe {
        &self.0[usize::from(number) % STRIPES]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Stripe> {
        self.0.iter().map(|stripe| &**stripe)
    }
}

impl Stripe {
    /// The class that `get` asks for.
    #[inline]
    pub(crate) fn class(&self) -> u8 {
        Hint::unpack(self.hint.load(Relaxed)).class
    }

    /// Learns from a buffer, and tells whether that is to be dropped: with the last strike, if it is
    /// itself too large for what was used.
    #[inline]
    pub(crate) fn learn(&self, used: usize, capacity: usize, sizes: Sizes) -> bool {
        let hint = Hint::unpack(self.hint.load(Relaxed));
        if hint.strikes == 0 && hint.suits(used, sizes) {
            return false;
        }
        let after = self.change(hint, used, sizes);
        after.class < hint.class && !fits(used, capacity)
    }

    #[cold]
    #[inline(never)]
    fn change(&self, before: Hint, used: usize, sizes: Sizes) -> Hint {
        let after = before.after(used, sizes);
        self.hint.store(after.pack(), Relaxed);
        after
    }
}
