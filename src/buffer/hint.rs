//! What `get` hands out, learnt from what became of earlier buffers.
//!
//! Each stripe belongs to a few threads, most often to one, and is written only when something
//! changes: with messages of one size, never. It is a hint. Threads that overwrite each other's
//! make a buffer smaller or larger than it might be, and nothing else.

use crossbeam_utils::CachePadded;

use super::class::Sizes;
use crate::{
    seat,
    sync::{AtomicU32, AtomicUsize, Relaxed},
};

/// A power of two.
const STRIPES: usize = 16;

/// Up to this capacity nothing is a strike.
const SMALL: usize = 4096;

/// The last strike that is forgiven.
const STRIKES: u8 = 4;

#[derive(Debug)]
pub(super) struct Hints([CachePadded<Stripe>; STRIPES]);

#[derive(Debug)]
pub(super) struct Stripe {
    hint: AtomicU32,
    /// Buffers that were dropped: larger than the pool keeps, and those at the last strike.
    pub(super) oversize: AtomicUsize,
    pub(super) underused: AtomicUsize,
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

    /// The hint after a buffer in which so much was used.
    #[inline]
    fn after(self, used: usize, sizes: Sizes) -> Self {
        let size = sizes.size(self.class);
        if used <= size && (size <= SMALL || used >= size / 4) {
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

impl Hints {
    pub(super) const fn new() -> Self {
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
    pub(super) fn here() -> u8 {
        seat::current().map_or(0, |seat| (seat.id % STRIPES) as u8)
    }

    #[inline]
    pub(super) fn stripe(&self, number: u8) -> &Stripe {
        &self.0[usize::from(number) % STRIPES]
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Stripe> {
        self.0.iter().map(|stripe| &**stripe)
    }
}

impl Stripe {
    /// The class that `get` asks for.
    #[inline]
    pub(super) fn class(&self) -> u8 {
        Hint::unpack(self.hint.load(Relaxed)).class
    }

    /// Learns from a buffer, and tells whether it was the last strike.
    #[inline]
    pub(super) fn learn(&self, used: usize, sizes: Sizes) -> bool {
        let word = self.hint.load(Relaxed);
        let before = Hint::unpack(word);
        let after = before.after(used, sizes);
        if after != before {
            self.hint.store(after.pack(), Relaxed);
        }
        after.class < before.class
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes::new(1 << 20);

    fn hints(uses: impl IntoIterator<Item = usize>) -> Vec<(u8, bool)> {
        let hints = Hints::new();
        let stripe = hints.stripe(3);
        let learn = |used| {
            let last = stripe.learn(used, SIZES);
            (stripe.class(), last)
        };
        uses.into_iter().map(learn).collect()
    }

    #[test]
    fn words_hold_hints() {
        for hint in [Hint::default(), Hint { class: 20, strikes: 4, peak: 19 }] {
            assert_eq!(Hint::unpack(hint.pack()), hint);
        }
    }

    #[test]
    fn a_larger_need_is_met_at_once() {
        assert_eq!(hints([1000, 1025, 100_000]), [(0, false), (1, false), (7, false)]);
    }

    /// Beyond what the pool keeps it cannot hand out more.
    #[test]
    fn the_largest_class_is_the_last() {
        assert_eq!(hints([usize::MAX]), [(10, false)]);
    }

    #[test]
    fn the_fifth_strike_is_the_last() {
        let uses = [1 << 20, 100, 5000, 100, 100, 100];
        let ends = [(10, false), (10, false), (10, false), (10, false), (10, false), (3, true)];
        assert_eq!(hints(uses), ends);
    }

    /// A quarter used forgives what was before.
    #[test]
    fn use_forgives() {
        let uses = [100, 100, 100, 100, 1 << 18].repeat(10);
        assert!(hints([1 << 20].into_iter().chain(uses)).iter().all(|&end| end == (10, false)));
    }

    #[test]
    fn small_buffers_are_never_unlearnt() {
        let ends = hints([4096, 1, 0, 1, 0, 1, 0, 1, 0]);
        assert!(ends.iter().all(|&end| end == (2, false)));
        assert_eq!(hints([4097, 1, 0, 1, 0, 1]).last(), Some(&(0, true)));
    }

    /// However sizes change: what is handed out is at most twenty times what is used, up to
    /// rounding, and where buffers are large.
    #[test]
    fn a_twentieth_is_used() {
        let (mut handed_out, mut used) = (0, 0);
        let stripe = &Hints::new().0[0];
        for round in 0..1000 {
            for small in [1 << 19, 1, 1, 1, 1, 1].iter().skip(round % 2) {
                handed_out += SIZES.size(stripe.class());
                used += small;
                stripe.learn(*small, SIZES);
            }
        }
        assert!(handed_out <= 20 * used, "{handed_out} of {used}");
    }
}
