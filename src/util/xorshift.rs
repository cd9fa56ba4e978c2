//! Marsaglia's 32-bit xorshift generator: "Xorshift RNGs", Journal of Statistical Software, 2003.

/// Returns the number after `x` in the sequence. `x` must not be 0.
#[inline]
pub(crate) fn next(mut x: u32) -> u32 {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    x
}
