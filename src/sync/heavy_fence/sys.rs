//! Systems without such a fence, and Miri, which does not know them.

/// Whether the process must register before the first fence.
pub(super) const MUST_REGISTER: bool = false;

pub(super) fn is_supported() -> bool {
    false
}

pub(super) fn register() -> bool {
    false
}

pub(super) fn fence() -> bool {
    false
}
