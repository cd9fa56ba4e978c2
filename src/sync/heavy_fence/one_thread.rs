//! WebAssembly without atomics: the program has one thread, which sees its own accesses in order.

/// Whether the process must register before the first fence.
pub(super) const MUST_REGISTER: bool = false;

pub(super) fn is_supported() -> bool {
    true
}

pub(super) fn register() -> bool {
    true
}

pub(super) fn fence() -> bool {
    true
}
