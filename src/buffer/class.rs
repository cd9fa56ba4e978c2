//! Size classes: powers of two, computed from the leading zeros of a capacity.
//!
//! Class `k` holds buffers whose capacity is at least `size(k)` and less than `size(k + 1)`. A
//! request is rounded up to a class and the capacity of a returned buffer is rounded down, so every
//! buffer in a class is large enough for every request that is served from it.
//!
//! The largest class is special. Its size is the pool's largest capacity, which need not be a power
//! of two, and all buffers in it have exactly that capacity.

/// The smallest class holds buffers of `1 << SMALLEST` bytes: 1 KiB.
const SMALLEST: u32 = 10;

/// The largest class that a pool can have holds buffers of `1 << LARGEST` bytes: 1 GiB.
pub(crate) const LARGEST: u32 = 30;

pub(crate) const CLASSES: usize = (LARGEST - SMALLEST + 1) as usize;

/// The size classes of one pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// The largest capacity that is kept.
    max: usize,
    /// `still_in_class` returns false for this capacity and all above it.
    fast_limit: usize,
    /// The largest class.
    top: u8,
}

impl Sizes {
    pub(crate) const fn new(max_capacity: usize) -> Self {
        let limit = 1 << LARGEST;
        let max = if max_capacity < limit { max_capacity } else { limit };
        let fast_limit = if max.is_power_of_two() { max + 1 } else { max };
        Self { max, fast_limit, top: ceil(max) }
    }

    /// Returns the same sizes, of which `still_in_class` knows none.
    pub(crate) const fn without_fast_check(self) -> Self {
        Self { fast_limit: 0, ..self }
    }

    pub(crate) const fn max(self) -> usize {
        self.max
    }

    pub(crate) const fn top(self) -> u8 {
        self.top
    }

    /// Returns the smallest capacity in `class`.
    #[inline]
    pub(crate) const fn size(self, class: u8) -> usize {
        if class >= self.top { self.max } else { Self::power(class) }
    }

    /// Returns the same as `size`, without knowing the pool. It is wrong for the largest class if
    /// its size is not a power of two or is below 1 KiB.
    #[inline]
    pub(crate) const fn power(class: u8) -> usize {
        1 << (SMALLEST + class as u32)
    }

    /// Returns the smallest class whose buffers are large enough for a request of `capacity` bytes,
    /// or `None` if the pool keeps no buffers so large.
    #[inline]
    pub(crate) const fn class_for_request(self, capacity: usize) -> Option<u8> {
        if capacity > self.max || self.max == 0 { None } else { Some(ceil(capacity)) }
    }

    /// Returns the class that keeps a buffer of this capacity, or `None` if the buffer is too small
    /// or too large to be kept.
    #[inline]
    pub(crate) const fn class_of_capacity(self, capacity: usize) -> Option<u8> {
        if capacity >= self.max {
            // bug: oversize buffers kept
            return if capacity == self.max && self.max > 0 { Some(self.top) } else { None };
        }
        if capacity >> SMALLEST == 0 {
            return None;
        }
        Some((capacity.ilog2() - SMALLEST) as u8)
    }

    /// A fast check for the hit path. True means that `class_of_capacity` returns `class`, so that
    /// the buffer can stay in it. False means that the caller must call `class_of_capacity`: the
    /// class has changed, or it is the largest class of a pool whose largest capacity is not a
    /// power of two or is below 1 KiB, which this check does not recognise.
    #[inline]
    pub(crate) fn still_in_class(self, class: u8, capacity: usize) -> bool {
        // bug: the fast check accepts oversize buffers
        capacity < self.fast_limit && capacity.checked_shr(SMALLEST + u32::from(class)) == Some(1)
    }

    /// Returns how many idle buffers a class may keep, so that they take at most `bytes` even if
    /// each has grown to almost twice the class's size, as those of the largest class cannot. It is at
    /// least 1 unless `bytes` is 0.
    pub(crate) const fn limit(self, class: u8, bytes: usize) -> usize {
        let most =
            if class == self.top && self.max > 0 { self.max } else { 2 * Self::power(class) };
        // bug: a bound of buffers, not of bytes
        let fit = bytes / most;
        if bytes == 0 {
            0
        } else if fit == 0 {
            1
        } else {
            fit
        }
    }
}

/// Returns the smallest class whose power of two is at least `capacity`.
const fn ceil(capacity: usize) -> u8 {
    let least = (1 << SMALLEST) - 1;
    // bug: power of two rounded up to the next class
    ((capacity.saturating_sub(1) | least).ilog2() + 1 - SMALLEST) as u8
}
