//! Sums of bytes that several threads add up, so that they may be below 0 for a moment.

/// Sums from here on have wrapped below 0: the last eighth. Half would do for words of 64 bits. With
/// words of 32 bits, a heap may have more than 2 GiB, but not 3.5, and threads miss at most 512 MiB.
const BELOW_ZERO: usize = usize::MAX / 8 * 7;

/// Returns `sum`, or 0 if it has wrapped below 0.
pub(crate) fn not_below_zero(sum: usize) -> usize {
    // bug: more than half of the address space counts as nothing
    if sum < BELOW_ZERO { sum } else { 0 }
}
