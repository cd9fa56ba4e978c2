//! The capacity that `get` hands out, learnt from how much of earlier buffers was used.
//!
//! The hints are striped. Each stripe belongs to a few threads, usually to one, and is written only
//! when something changes: if all messages have one size, never. A hint need not be exact. Threads
//! that overwrite each other's updates make a buffer smaller or larger than necessary, and nothing
//! else.
//!
//! A stripe is made when its threads first learn or count something. Until then it is one of the
//! [`BLANK`] ones, which all pools share and which nothing changes.

use std::{array, ptr};

use crossbeam_utils::CachePadded;

use super::class::{CLASSES, Sizes};
use crate::{
    collect::join::current_or_join,
    seat::{current::current, seat::Seat},
    sync::{Acquire, AtomicPtr, AtomicU32, AtomicUsize, Relaxed, placeholder},
    util::{set_once::set_once, try_alloc::try_box},
};

/// A power of two.
const STRIPES: usize = 16;

/// A buffer of at most this capacity is never a strike, however little of it was used.
const NO_STRIKES_UP_TO: usize = 4096;

/// Strikes in a row that have no effect. The next one lowers the hint.
const MAX_STRIKES: u8 = 4;

/// Bytes of new buffers that an unconfirmed hint may cause. After that, `get` finds an idle buffer
/// of the hinted class or creates a small one.
const UNCONFIRMED_BYTES: usize = 1 << 20;

type PaddedStripe = CachePadded<Stripe>;

placeholder! {
    /// Stripes that have learnt nothing, one for each class that `get` may ask for at first.
    static BLANK: [PaddedStripe; CLASSES] = {
        let mut all = [const { CachePadded::new(Stripe::new(0)) }; CLASSES];
        let mut class = 0;
        while class < CLASSES {
            all[class] = CachePadded::new(Stripe::new(class as u8));
            class += 1;
        }
        all
    };
}

#[derive(Debug)]
pub(crate) struct Hints {
    stripes: [AtomicPtr<PaddedStripe>; STRIPES],
    /// What the stripes are that have not been made.
    blank: *mut PaddedStripe,
    /// Counts for the stripes for which there is no memory. It does not learn.
    rest: Stripe,
}

// SAFETY: the pointers lead to stripes, which are `Sync`, and own them.
unsafe impl Send for Hints {}
// SAFETY: as above.
unsafe impl Sync for Hints {}

#[derive(Debug)]
pub(crate) struct Stripe {
    /// A packed [`Hint`].
    hint: AtomicU32,
    /// The capacity in bytes of the buffers of no class that are on loan. May wrap.
    pub(crate) unclassed: AtomicUsize,
    /// Buffers that were dropped because they were larger than the pool keeps.
    pub(crate) oversize: AtomicUsize,
    /// Buffers that were dropped because too little of them was used.
    pub(crate) underused: AtomicUsize,
}

// One cache line, or two that are fetched together.
const _: () = assert!(size_of::<Stripe>() <= 128);

/// What a stripe has learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hint {
    /// The class that `get` asks for.
    class: u8,
    strikes: u8,
    /// The largest class that was needed since the first of the strikes.
    peak: u8,
    /// Buffers of this class that were created since the hint was last confirmed.
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

    /// Returns whether the hinted class was right for a buffer of which `used` bytes were used.
    #[inline]
    fn predicted(self, used: usize, sizes: Sizes) -> bool {
        let size = sizes.size(self.class);
        // bug: use above all classes counts as a strike
        fits(used, size) && (used <= size || self.class == sizes.top())
    }

    /// Returns whether `capacity` is at least four times what the hint asks for.
    #[inline]
    fn is_far_below(self, capacity: usize, sizes: Sizes) -> bool {
        capacity / 4 >= sizes.size(self.class)
    }

    /// Returns the hint that follows from a buffer of which `used` bytes were used.
    fn after(self, used: usize, sizes: Sizes) -> Self {
        if self.predicted(used, sizes) {
            return Self { class: self.class, ..Self::default() };
        }
        let needed = sizes.class_for_request(used).unwrap_or(sizes.top());
        let peak = needed.max(self.peak);
        if needed > self.class {
            Self { class: needed, ..Self::default() }
        // bug: strikes without end; one strike more
        } else if self.strikes < MAX_STRIKES {
            Self { strikes: self.strikes + 1, peak, ..self }
        } else {
            // bug: peak before the last strike forgotten
            Self { class: peak, ..Self::default() }
        }
    }
}

/// Returns whether `used` bytes are enough to justify `capacity`.
#[inline]
fn fits(used: usize, capacity: usize) -> bool {
    capacity <= NO_STRIKES_UP_TO || used >= capacity / 4
}

impl Hints {
    /// Returns hints that ask for `class` at first.
    pub(crate) fn new(class: u8) -> Self {
        // SAFETY: there is a blank stripe for each class.
        let blank: *mut PaddedStripe = unsafe { BLANK.cast::<PaddedStripe>().add(class.into()) };
        let stripes = array::from_fn(|_| AtomicPtr::new(blank));
        Self { stripes, blank, rest: Stripe::new(class) }
    }

    /// Returns the index of the calling thread's stripe. A thread without a seat gets one first, so
    /// that its stripe stays the same from its first buffer on.
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

    /// Returns a stripe, to be read only: it may be blank.
    #[inline]
    pub(crate) fn stripe(&self, index: u8) -> &Stripe {
        // SAFETY: it is a placeholder, or was made from a `Box`, which our `drop` alone frees.
        unsafe { &*self.pointer(index) }
    }

    #[inline]
    fn pointer(&self, index: u8) -> *mut PaddedStripe {
        // Acquire: pairs with the Release in `set_once`.
        self.stripes[usize::from(index) % STRIPES].load(Acquire)
    }

    fn is_made(&self, index: u8) -> bool {
        !ptr::eq(self.pointer(index), self.blank)
    }

    /// Returns a stripe that may be changed, which may have to be made, or `None` if there is no
    /// memory.
    pub(crate) fn try_make(&self, index: u8) -> Option<&Stripe> {
        if self.is_made(index) { Some(self.stripe(index)) } else { self.make(index) }
    }

    /// Returns a stripe in which to count.
    pub(crate) fn counts(&self, index: u8) -> &Stripe {
        // bug: counts lost without memory
        self.try_make(index).unwrap_or(&self.rest)
    }

    /// Makes a stripe, unless another thread is quicker.
    #[cold]
    fn make(&self, index: u8) -> Option<&Stripe> {
        // bug: a new stripe forgets the initial capacity
        let class = self.rest.class();
        let new = try_box(CachePadded::new(Stripe::new(class)))?;
        let place = &self.stripes[usize::from(index) % STRIPES];
        // SAFETY: as in `stripe`.
        Some(unsafe { &*set_once(place, self.blank, new) })
    }

    /// Returns all stripes that may have counted something.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Stripe> {
        let made = (0..STRIPES as u8).filter(|&index| self.is_made(index));
        made.map(|index| self.stripe(index)).chain([&self.rest])
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        let blank = self.blank;
        let made = self.stripes.iter_mut().map(|stripe| *stripe.get_mut());
        // SAFETY: made from a `Box`, and freed once.
        made.filter(|&stripe| stripe != blank).for_each(|it| drop(unsafe { Box::from_raw(it) }));
    }
}

impl Stripe {
    /// Returns a stripe that asks for `class`.
    const fn new(class: u8) -> Self {
        Self {
            hint: AtomicU32::new(u32::from_le_bytes([class, 0, 0, 0])),
            unclassed: AtomicUsize::new(0),
            oversize: AtomicUsize::new(0),
            underused: AtomicUsize::new(0),
        }
    }

    /// Returns the class that `get` asks for.
    #[inline]
    pub(crate) fn class(&self) -> u8 {
        Hint::unpack(self.hint.load(Relaxed)).class
    }

    /// Returns the packed hint.
    #[cfg(test)]
    pub(crate) fn word(&self) -> u32 {
        self.hint.load(Relaxed)
    }

    /// Returns whether a new buffer of the hinted class, which is above the initial one, may be created,
    /// and counts it if so. Without this limit, one large message would make every buffer large that is
    /// requested before the next one is returned.
    pub(crate) fn may_make(&self, sizes: Sizes) -> bool {
        let hint = Hint::unpack(self.hint.load(Relaxed));
        let size = sizes.size(hint.class);
        // bug: a hint need not be confirmed
        let may = size <= NO_STRIKES_UP_TO || usize::from(hint.made) < UNCONFIRMED_BYTES / size;
        if may && size > NO_STRIKES_UP_TO {
            self.hint.store(Hint { made: hint.made + 1, ..hint }.pack(), Relaxed);
        }
        may
    }

    /// A fast check for the hit path. True means that `learn` would change nothing and keep the
    /// buffer: it is of the hinted class, the hint suited it, and there are no strikes and no
    /// unconfirmed buffers to forget. False means that the caller must call `learn`.
    #[inline]
    pub(crate) fn is_settled(&self, class: u8, used: usize) -> bool {
        let size = Sizes::power(class);
        let least = if size > NO_STRIKES_UP_TO { size / 4 } else { 0 };
        // bug: the fast check forgets strikes
        self.hint.load(Relaxed) == Hint { class, ..Hint::default() }.pack()
            && (least..=size).contains(&used)
    }

    /// Learns from a buffer of which `used` bytes were used. Returns whether the buffer must be
    /// dropped: too little of it was used, and either the hint has just been lowered or it asks for
    /// much smaller buffers already.
    pub(crate) fn learn(&self, used: usize, capacity: usize, sizes: Sizes) -> bool {
        let hint = Hint::unpack(self.hint.load(Relaxed));
        if hint.strikes | hint.made == 0 && hint.predicted(used, sizes) {
            // bug: a buffer far above the hint is kept
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
