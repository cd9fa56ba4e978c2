//! Branch hints, so that the compiler lays out a hit as straight-line code.

/// Returns `condition`, and hints that it is usually true.
#[inline(always)]
pub(crate) fn likely(condition: bool) -> bool {
    if !condition {
        cold();
    }
    condition
}

#[cold]
#[inline]
fn cold() {}
