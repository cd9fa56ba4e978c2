//! Which way a branch mostly goes, so that a hit is a straight line.

/// Says that the condition mostly holds.
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
