//! Whether collects reach a pool: [`Static`] and [`Scoped`].
//!
//! A collect drops idle objects on any thread and at any time, also those of a pool that was forgotten.
//! So it reaches only pools whose objects borrow nothing. All other pools are in the registry as well,
//! since a thread that exits moves its objects to their shelves; but only the pool's own calls drop
//! objects.

use crate::chaos_mode::storage::{self, Rehouse};

/// Which pools [`collect`](crate::collect()) ages: [`Static`] or [`Scoped`]. A parameter of
/// [`Pool`](crate::Pool).
pub trait Scope<T>: sealed::Sealed {
    /// Whether collects age the pool.
    #[doc(hidden)]
    const COLLECTED: bool;

    /// How chaos mode replaces what an object owns, if it knows the type.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn rehouse() -> Option<Rehouse<T>>;
}

/// The pool's objects are `'static`, and collects age the pool. This is the default.
#[derive(Debug)]
pub struct Static(());

/// The pool's objects may borrow, and no collect ages the pool. See [`Pool::scoped`](crate::Pool::scoped).
#[derive(Debug)]
pub struct Scoped(());

impl<T: 'static> Scope<T> for Static {
    const COLLECTED: bool = true;

    #[allow(private_interfaces)]
    fn rehouse() -> Option<Rehouse<T>> {
        storage::known()
    }
}

impl<T> Scope<T> for Scoped {
    const COLLECTED: bool = false;

    #[allow(private_interfaces)]
    fn rehouse() -> Option<Rehouse<T>> {
        None
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Static {}
    impl Sealed for super::Scoped {}
}
