//! Size classes: powers of two, found by counting leading zeroes.
//!
//! Class `k` holds buffers with a capacity from `size(k)` to below `size(k + 1)`. A request is
//! rounded up and a capacity is rounded down, so that what a class holds always does. The largest
//! class is special: its size is the pool's largest capacity, whether that is a power of two or not,
//! and so is the capacity of all that it holds.

/// The smallest class holds 1 KiB.
const SMALLEST: u32 = 10;

/// The largest that there can be holds 1 GiB.
const LARGEST: u32 = 30;

pub(super) const CLASSES: usize = (LARGEST - SMALLEST + 1) as usize;

/// From this size on, what is idle is shared by all threads.
const SHARED: usize = 256 << 10;

/// A pool with fewer objects keeps none for one thread alone: see `Quota`.
const UNSHARED_FROM: usize = 32;

/// The classes of one pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The largest capacity that is kept.
    max: usize,
    top: u8,
}

impl Sizes {
    pub(super) const fn new(max_capacity: usize) -> Self {
        let most = 1 << LARGEST;
        let max = if max_capacity < most { max_capacity } else { most };
        Self { max, top: ceil(max) }
    }

    pub(super) const fn max(self) -> usize {
        self.max
    }

    pub(super) const fn top(self) -> u8 {
        self.top
    }

    /// What a buffer of this class holds at least.
    #[inline]
    pub(super) const fn size(self, class: u8) -> usize {
        if class >= self.top { self.max } else { 1 << (SMALLEST + class as u32) }
    }

    /// The smallest class that serves such a request.
    #[inline]
    pub(super) const fn up(self, capacity: usize) -> Option<u8> {
        if capacity > self.max || self.max == 0 { None } else { Some(ceil(capacity)) }
    }

    /// The largest class that such a buffer serves.
    #[inline]
    pub(super) const fn down(self, capacity: usize) -> Option<u8> {
        if capacity >= self.max {
            return if capacity == self.max && self.max > 0 { Some(self.top) } else { None };
        }
        if capacity >> SMALLEST == 0 {
            return None;
        }
        Some((capacity.ilog2() - SMALLEST) as u8)
    }

    /// How many idle buffers of a class take at most so many bytes, whatever their capacity; one at
    /// least, unless there may be none at all.
    pub(super) const fn limit(class: u8, bytes: usize) -> usize {
        let size = 1_usize << (SMALLEST + class as u32);
        let fit = bytes / (2 * size);
        if bytes == 0 {
            0
        } else if fit == 0 {
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
    let bits = usize::BITS - capacity.saturating_sub(1).leading_zeros();
    bits.saturating_sub(SMALLEST) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, by looking at all classes.
    fn slow_up(sizes: Sizes, capacity: usize) -> Option<u8> {
        (0..=sizes.top).find(|&class| sizes.max > 0 && sizes.size(class) >= capacity)
    }

    fn slow_down(sizes: Sizes, capacity: usize) -> Option<u8> {
        if capacity > sizes.max || sizes.max == 0 {
            return None;
        }
        (0..=sizes.top).rev().find(|&class| sizes.size(class) <= capacity)
    }

    #[test]
    fn classes_are_found_without_a_search() {
        let maxima = [0, 1, 512, 1023, 1024, 1025, 2048, 100_000, 1 << 20, (1 << 20) + 1, 3 << 20];
        for max in maxima.into_iter().chain([1 << LARGEST, usize::MAX]) {
            let sizes = Sizes::new(max);
            let edges = (0..usize::BITS).flat_map(|bit| {
                let power = 1_usize << bit;
                [power - 1, power, power.saturating_add(1)]
            });
            let near = [sizes.max.wrapping_sub(1), sizes.max, sizes.max + 1, usize::MAX];
            for capacity in edges.chain(near).chain((0..70_000).step_by(61)) {
                assert_eq!(sizes.up(capacity), slow_up(sizes, capacity), "{max} {capacity}");
                assert_eq!(sizes.down(capacity), slow_down(sizes, capacity), "{max} {capacity}");
            }
            assert!(usize::from(sizes.top) < CLASSES);
        }
    }

    #[test]
    fn a_request_is_served_by_what_comes_back() {
        for max in [1024, 100_000, 1 << 20] {
            let sizes = Sizes::new(max);
            for capacity in (1..=max).step_by(7) {
                let class = sizes.up(capacity).unwrap();
                assert!(sizes.size(class) >= capacity);
                assert_eq!(sizes.down(sizes.size(class)), Some(class));
            }
        }
    }

    #[test]
    fn limits_are_in_bytes() {
        for bytes in [1, 4096, 1 << 20, 16 << 20, usize::MAX] {
            for class in 0..CLASSES as u8 {
                let (limit, size) =
                    (Sizes::limit(class, bytes), 1_usize << (SMALLEST + u32::from(class)));
                assert!(limit == 1 || limit * (2 * size - 1) <= bytes);
                assert!(limit >= 1 && (size < SHARED || limit < UNSHARED_FROM));
            }
        }
        assert_eq!(Sizes::limit(0, 0), 0);
    }
}
