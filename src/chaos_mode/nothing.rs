//! What stands for chaos mode in a build without it.

use std::marker::PhantomData;

use crate::containers::cell::CellBox;

/// Would show that chaos mode is on. There is none.
#[derive(Clone, Copy)]
pub(crate) enum On {}

#[inline(always)]
pub(crate) const fn on() -> Option<On> {
    None
}

#[inline(always)]
pub(crate) const fn may_be_on() -> bool {
    false
}

#[inline(always)]
pub(crate) const unsafe fn lock_for_fork() {}

#[inline(always)]
pub(crate) const unsafe fn unlock_after_fork() {}

/// Stands for what the user of a pool has set.
pub(crate) struct ChaosOptions<T>(PhantomData<fn(&mut T)>);

impl<T> ChaosOptions<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(crate) fn hooks(
        &self,
        _name: &'static str,
        _known: Option<storage::Rehouse<T>>,
    ) -> Hooks<T> {
        Hooks::none()
    }
}

/// Stands for what a pool's core knows.
pub(crate) struct Hooks<T>(PhantomData<fn(&mut T)>);

impl<T> Hooks<T> {
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(crate) fn note_lent(&self, full: CellBox<T>) -> CellBox<T> {
        full
    }

    #[inline(always)]
    pub(crate) fn note_raw(&self, full: CellBox<T>) -> CellBox<T> {
        full
    }

    #[inline(always)]
    pub(crate) fn note_idle(&self, full: CellBox<T>, _fingerprint: Option<u64>) -> CellBox<T> {
        full
    }

    #[inline(always)]
    pub(crate) fn returned(&self, full: CellBox<T>) -> Option<CellBox<T>> {
        Some(full)
    }

    pub(crate) fn rejoin(&self, on: On, _full: CellBox<T>) -> CellBox<T> {
        match on {}
    }
}

/// The memory that an object owns stays where it is.
pub(crate) mod storage {
    pub(crate) type Rehouse<T> = fn(&mut T);

    #[cfg(feature = "bytes")]
    pub(crate) const FILL: u8 = 0;

    #[cfg(feature = "bytes")]
    pub(crate) fn rehouse(_vec: &mut Vec<u8>, _fill: u8) {}

    pub(crate) const fn known<T>() -> Option<Rehouse<T>> {
        None
    }
}
