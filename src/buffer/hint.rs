//! What `get` hands out, learnt from what became of earlier buffers.
//!
//! Each stripe belongs to a few threads, most often to one, and is written only when something
//! changes: with messages of one size, never. It is a hint. Threads that overwrite each other's
//! make a buffer smaller or larger than it might be, and nothing else.

use crossbeam_utils::CachePadded;

use super::class::{CLASSES, Sizes};
use crate::{
    collect::join::current_or_join,
    seat::{current::current, seat::Seat},
    sync::{AtomicU32, AtomicUsize, Relaxed},
};

/// A power of two.
const STRIPES: usize = 16;

/// Up to this capacity nothing is a strike.
const SMALL: usize = 4096;

/// The last strike that is forgiven.
const STRIKES: u8 = 4;

/// So many bytes of new buffers are made for what a hint says before one has come back that was
/// right. What is larger is found, or grown.
const MADE: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Hints([CachePadded<Stripe>; STRIPES]);

#[derive(Debug)]
pub(crate) struct Stripe {
    hint: AtomicU32,
    /// By how many more buffers have come to a class by value than left it so, and the same for those
    /// of no class. It may wrap.
    moved: [AtomicU32; CLASSES + 1],
    /// What those of no class hold that are on loan. It may wrap, too.
    pub(crate) unclassed: AtomicUsize,
    /// Buffers that were dropped: larger than the pool keeps, and those at the last strike.
    pub(crate) oversize: AtomicUsize,
    pub(crate) underused: AtomicUsize,
}

// On a cache line, or two that are fetched together.
const _: () = assert!(size_of::<CachePadded<Stripe>>() <= 128);

/// What is in the word of a stripe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hint {
    class: u8,
    strikes: u8,
    /// The largest class that was needed since the first of the strikes.
    peak: u8,
    /// New buffers since one suited.
    made: u8,
}

impl Hint {
    #[inline]
    fn unpack(word: u32) -> Self {
        let [class, strikes, peak, made] = word.to_le_bytes();
        Self { class, strikes, peak, made }
    }

    fn pack(self) -> u32 {
        u32::from_le_bytes([self.class, self.strikes, self.peak, self.made])
    }

    /// Whether what it says was right for a buffer in which so much was used.
    #[inline]
    fn suits(self, used: usize, sizes: Sizes) -> bool {
        let size = sizes.size(self.class);
        // bug: too much is a strike
        fits(used, size) && (used <= size || self.class == sizes.top())
    }

    /// Whether such a capacity is no more asked for, and not what is found in its place either.
    #[inline]
    fn is_far_below(self, capacity: usize, sizes: Sizes) -> bool {
        capacity / 4 >= sizes.size(self.class)
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
        // bug: strikes without end; one strike more
        } else if self.strikes < STRIKES {
            Self { strikes: self.strikes + 1, peak, ..self }
        } else {
            // bug: what was needed before the last strike is forgotten
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
                    moved: [const { AtomicU32::new(0) }; CLASSES + 1],
                    unclassed: AtomicUsize::new(0),
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
            current_or_join()
        }
        // bug: a thread's first buffer teaches another
        current().or_else(join).map_or(0, |seat| (seat.id % STRIPES) as u8)
    }

    #[inline]
    pub(crate) fn stripe(&self, number: u8) -> &Stripe {
        &self.0[usize::from(number) % STRIPES]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Stripe> {
        self.0.iter().map(|stripe| &**stripe)
    }

    /// How many are on loan of a class, or of none, which has made so many and of which so many are
    /// not.
    pub(crate) fn outstanding(&self, class: usize, created: u64, gone: u64) -> u64 {
        let moved = self.all().map(|stripe| stripe.moved[class].load(Relaxed));
        let moved = moved.fold(0, u32::wrapping_add);
        // Below zero only while others are at work.
        let lent = (created.wrapping_sub(gone) as u32).wrapping_add(moved);
        (lent as i32).max(0) as u64
    }
}

impl Stripe {
    /// The class that `get` asks for.
    #[inline]
    pub(crate) fn class(&self) -> u8 {
        Hint::unpack(self.hint.load(Relaxed)).class
    }

    /// All that was learnt.
    #[cfg(test)]
    pub(crate) fn word(&self) -> u32 {
        self.hint.load(Relaxed)
    }

    /// Whether a new buffer may be made of the class that `get` asks for. One large message must not
    /// make all large that are got before they tell what they needed.
    pub(crate) fn may_make(&self, sizes: Sizes) -> bool {
        let hint = Hint::unpack(self.hint.load(Relaxed));
        let size = sizes.size(hint.class);
        // bug: a hint need not be confirmed
        let may = size <= SMALL || usize::from(hint.made) < MADE / size;
        if may && size > SMALL {
            self.hint.store(Hint { made: hint.made + 1, ..hint }.pack(), Relaxed);
        }
        may
    }

    /// A buffer comes to a class by value, or leaves it so. Of no class if there is none of that
    /// number.
    pub(crate) fn came(&self, class: u8) {
        self.moved[usize::from(class).min(CLASSES)].fetch_add(1, Relaxed);
    }

    pub(crate) fn left(&self, class: u8) {
        self.moved[usize::from(class).min(CLASSES)].fetch_sub(1, Relaxed);
    }

    /// Whether there is nothing to learn from a buffer of this class, with so much used: it is what was
    /// asked for, and it was right.
    #[inline]
    pub(crate) fn knows(&self, class: u8, used: usize) -> bool {
        let size = Sizes::power(class);
        let least = if size > SMALL { size / 4 } else { 0 };
        // bug: a glance forgets strikes
        self.hint.load(Relaxed) == Hint { class, ..Hint::default() }.pack()
            && (least..=size).contains(&used)
    }

    /// Learns from a buffer, and tells whether that is to be dropped: with the last strike or after
    /// it, if it is itself too large for what was used.
    pub(crate) fn learn(&self, used: usize, capacity: usize, sizes: Sizes) -> bool {
        let hint = Hint::unpack(self.hint.load(Relaxed));
        if hint.strikes | hint.made == 0 && hint.suits(used, sizes) {
            // bug: too large for what is asked for by now, and kept
            return !fits(used, capacity) && hint.is_far_below(capacity, sizes);
        }
        let after = self.change(hint, used, sizes);
        !fits(used, capacity) && (after.class < hint.class || after.is_far_below(capacity, sizes))
    }

    #[cold]
    #[inline(never)]
    fn change(&self, before: Hint, used: usize, sizes: Sizes) -> Hint {
        let after = before.after(used, sizes);
        self.hint.store(after.pack(), Relaxed);
        after
    }
}
