//! What stands for `chaos.rs` in a build without chaos mode.

use super::{core::Core, pool::Pool, recall::Effort};
#[cfg(feature = "bytes")]
use crate::chaos_mode::storage::Rehouse;
use crate::{chaos_mode::On, containers::cell::CellBox};

impl<T, M, S> Pool<T, M, S> {
    #[cfg(feature = "bytes")]
    pub(crate) const fn with_rehouse(self, _objects: &'static str, _rehouse: Rehouse<T>) -> Self {
        self
    }

    #[inline(always)]
    pub(super) fn look_for_misuse(&self) {}

    pub(super) fn search_in_chaos(&self, on: On, _effort: Effort) -> Option<CellBox<T>> {
        match on {}
    }
}

impl<T> Core<T> {
    pub(super) fn give_back_in_chaos(&self, on: On, _full: CellBox<T>) {
        match on {}
    }

    pub(super) fn put_in_chaos(&self, on: On, _value: T) {
        match on {}
    }

    pub(super) fn detach_in_chaos(&self, on: On, _full: CellBox<T>) -> T {
        match on {}
    }

    pub(super) fn discard_in_chaos(&self, on: On, _full: CellBox<T>) {
        match on {}
    }
}
