//! The options of a buffer pool, which are set before its first use.

use super::class::Sizes;

/// The largest capacity that is kept, by default.
const MAX_CAPACITY: usize = 1 << 20;

/// The most bytes that idle buffers of one class take, by default.
const MAX_IDLE_BYTES: usize = 16 << 20;

/// The least capacity that `get` hands out.
const LEAST: usize = 1024;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(super) sizes: Sizes,
    /// The most bytes that idle buffers of one class take.
    pub(super) max_idle_bytes: usize,
    /// The most idle buffers of all classes, or `usize::MAX`.
    pub(super) max_idle: usize,
    /// The capacity that `get` hands out before it has learnt another.
    pub(super) initial_capacity: usize,
    /// The name of the pool, or an empty string.
    pub(super) name: &'static str,
    #[cfg(feature = "zeroize")]
    pub(super) wipes: bool,
}

impl Options {
    pub(crate) const fn new() -> Self {
        Self {
            sizes: Sizes::new(MAX_CAPACITY),
            max_idle_bytes: MAX_IDLE_BYTES,
            max_idle: usize::MAX,
            initial_capacity: LEAST,
            name: "",
            #[cfg(feature = "zeroize")]
            wipes: false,
        }
    }

    pub(super) const fn set_initial_capacity(&mut self, bytes: usize) {
        self.initial_capacity = if bytes > LEAST { bytes } else { LEAST };
    }

    /// Returns the class that `get` asks for before it has learnt another.
    pub(super) fn initial_class(&self) -> u8 {
        self.sizes.class_for_request(self.initial_capacity).unwrap_or(self.sizes.top())
    }

    /// Returns how many idle buffers a class may keep.
    pub(super) fn limit(&self, class: u8) -> usize {
        self.sizes.limit(class, self.max_idle_bytes).min(self.max_idle)
    }

    /// Returns whether the pool wipes buffers.
    #[inline]
    pub(super) fn wipes(&self) -> bool {
        #[cfg(feature = "zeroize")]
        return self.wipes;
        #[cfg(not(feature = "zeroize"))]
        false
    }
}
