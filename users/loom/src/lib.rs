//! Programs that use pools. `tests/models.rs` checks them under loom.

#[path = "../../programs/letter.rs"]
pub mod letter;
#[path = "../../programs/message.rs"]
pub mod message;
#[path = "../../programs/words.rs"]
pub mod words;

/// What the programs share between threads: of loom in its models, otherwise of `std`.
mod sync {
    #[cfg(loom)]
    pub(crate) use loom::{cell::UnsafeCell, sync::atomic::AtomicUsize};
    #[cfg(not(loom))]
    pub(crate) use std::sync::atomic::AtomicUsize;
    pub(crate) use std::sync::atomic::Ordering;

    /// The cell of `std`, with the interface of loom's.
    #[cfg(not(loom))]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    #[cfg(not(loom))]
    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}
