//! Size classes: powers of two, found by counting leading zeroes.
//!
//! Class `k` holds buffers with a capacity from `size(k)` to below `size(k + 1)`. A request is
//! rounded up and a capacity is rounded down, so that what a class holds always does. The largest
//! class is special: its size is the pool's largest capacity, whether that is a power of two or not,
//! and so is the capacity of all that it holds.

use crate::containers::quota;

/// The smallest class holds 1 KiB.
const SMALLEST: u32 = 10;

/// The largest that there can be holds 1 GiB.
pub(crate) const LARGEST: u32 = 30;

pub(crate) const CLASSES: usize = (LARGEST - SMALLEST + 1) as usize;

/// From this size on, what is idle is shared by all threads.
pub(crate) const SHARED: usize = 256 << 10;

/// A pool of fewer objects keeps none for one thread alone.
pub(crate) const UNSHARED_FROM: usize = 32;

const _: () = assert!(UNSHARED_FROM == quota::SHARE || cfg!(corepool_tiny));

/// The classes of one pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// The largest capacity that is kept.
    max: usize,
    /// What `is_still` knows is less than this.
    known: usize,
    top: u8,
}

impl Sizes {
    pub(crate) const fn new(max_capacity: usize) -> Self {
        let most = 1 << LARGEST;
        let max = if max_capacity < most { max_capacity } else { most };
        let known = if max.is_power_of_two() { max + 1 } else { max };
        Self { max, known, top: ceil(max) }
    }

    pub(crate) const fn max(self) -> usize {
        self.max
    }

    pub(crate) const fn top(self) -> u8 {
        self.top
    }

    /// What a buffer of this class holds at least.
    #[inline]
    pub(crate) const fn size(self, class: u8) -> usize {
        if class >= self.top { self.max } else { Self::power(class) }
    }

    /// The same of a class that is not the largest one, or of the largest capacity that is a power of
    /// two.
    #[inline]
    pub(crate) const fn power(class: u8) -> usize {
        1 << (SMALLEST + class as u32)
    }

    /// The smallest class that serves such a request.
    #[inline]
    pub(crate) const fn up(self, capacity: usize) -> Option<u8> {
        if capacity > self.max || self.max == 0 { None } else { Some(ceil(capacity)) }
    }

    /// The largest class that such a buffer serves.
    #[inline]
    pub(crate) const fn down(self, capacity: usize) -> Option<u8> {
        if capacity >= self.max {
            // bug: what is too large is kept
            return if capacity == self.max && self.max > 0 { Some(self.top) } else { None };
        }
        if capacity >> SMALLEST == 0 {
            return None;
        }
        Some((capacity.ilog2() - SMALLEST) as u8)
    }

    /// Whether a buffer of this class still is one: a glance, which does not know the largest class of a
    /// pool whose largest capacity is no power of two, or below 1 KiB.
    #[inline]
    pub(crate) fn is_still(self, class: u8, capacity: usize) -> bool {
        // bug: a glance takes what is too large
        capacity < self.known && capacity.checked_shr(SMALLEST + u32::from(class)) == Some(1)
    }

    /// How many idle buffers of a class take at most so many bytes, whatever their capacity; one at
    /// least, unless there may be none at all.
    pub(crate) const fn limit(class: u8, bytes: usize) -> usize {
        let size = Self::power(class);
        // bug: a bound of buffers, not of bytes
        let fit = bytes / (2 * size);
        if bytes == 0 {
            0
        } else if fit == 0 {
            // bug: large buffers kept by threads
            1
        } else if size >= SHARED && fit >= UNSHARED_FROM {
            UNSHARED_FROM - 1
        } else {
            fit
        }
    }
}

/// The class of the smallest power of two that is not less.
const fn ceil(capacity: usize) -> u8 {
    let least = (1 << SMALLEST) - 1;
    // bug: a power of two rounded up
    ((capacity.saturating_sub(1) | least).ilog2() + 1 - SMALLEST) as u8
}
