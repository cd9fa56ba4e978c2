//! The pools of a buffer pool, one for each size class. Each is made when a buffer of its class is
//! first created or comes back.
//!
//! A class that has not been made is [`NOT_MADE`], a pool that is never used, so that a hit on it
//! fails like any other.

use std::{array, ptr, sync::Arc};

use super::{class::CLASSES, options::Options};
use crate::{
    chaos_mode::storage::{self, FILL},
    containers::quota::CommonUnits,
    pool::pool::Pool,
    sync::{Acquire, AtomicPtr, placeholder},
    util::{set_once::set_once, try_alloc::try_box},
};

/// Stands for no class, or for no stripe.
pub(super) const NONE: u8 = u8::MAX;

/// The place of the pool that lends buffers larger than are kept. None of them comes back to it.
pub(super) const OVERSIZE: u8 = CLASSES as u8;

/// The place of the pool that lends adopted buffers. None of them comes back to it.
pub(super) const ADOPTED: u8 = OVERSIZE + 1;

/// A power of two, so that the index need not be checked.
const PLACES: usize = 32;

const _: () = assert!(CLASSES + 2 <= PLACES);

placeholder! {
    /// What stands for a class that has not been made.
    static NOT_MADE: Pool<Storage> = Pool::new(Storage::new);
}

/// The object of the pools: a buffer, and where it belongs.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) vec: Vec<u8>,
    /// The capacity when the buffer was lent, in whole KiB. Set for buffers of no class only.
    pub(super) kib: u32,
    /// The class whose pool lent the buffer, or `NONE`.
    pub(super) class: u8,
    /// The stripe that learns from the buffer, or `NONE`.
    pub(super) stripe: u8,
}

impl Storage {
    /// Allocates nothing.
    pub(super) fn new() -> Self {
        Self { vec: Vec::new(), kib: 0, class: NONE, stripe: NONE }
    }

    /// Returns how chaos mode moves a buffer to other memory, which contains zeros if the pool `wipes`.
    fn rehouse(wipes: bool) -> storage::Rehouse<Self> {
        // bug: chaos mode spoils what was wiped
        if wipes {
            |this| storage::rehouse(&mut this.vec, 0)
        } else {
            |this| storage::rehouse(&mut this.vec, FILL)
        }
    }
}

/// The pools of one buffer pool, each at the place of its class.
pub(super) struct Classes {
    pools: [AtomicPtr<Pool<Storage>>; PLACES],
    /// The units of the bound on all idle buffers, if there is one.
    common: Option<Arc<CommonUnits>>,
}

impl Classes {
    pub(super) fn new(max_idle: usize) -> Self {
        let common = (max_idle != usize::MAX).then(|| Arc::new(CommonUnits::new(max_idle)));
        Self { pools: array::from_fn(|_| AtomicPtr::new(NOT_MADE)), common }
    }

    /// Returns the pool of this class, or `NOT_MADE`.
    #[inline]
    pub(super) fn get(&self, class: u8) -> &Pool<Storage> {
        // Acquire: pairs with the Release in `set_once`.
        // SAFETY: it is a placeholder, or was made from a `Box`, which our `drop` alone frees.
        unsafe { &*self.pools[usize::from(class) % PLACES].load(Acquire) }
    }

    /// Returns the pool of this class, if it has been made.
    pub(super) fn made(&self, class: u8) -> Option<&Pool<Storage>> {
        Some(self.get(class)).filter(|&pool| !ptr::eq(pool, NOT_MADE))
    }

    /// Returns the pool of this class, which may have to be made, or `None` if there is no memory.
    pub(super) fn try_make(&self, class: u8, options: &Options) -> Option<&Pool<Storage>> {
        self.made(class).or_else(|| self.make(class, options))
    }

    /// Makes the pool of this class, unless another thread is quicker. The pool needs no more memory
    /// to keep a buffer.
    #[cold]
    fn make(&self, class: u8, options: &Options) -> Option<&Pool<Storage>> {
        let limit = if class < OVERSIZE { options.limit(class) } else { 0 };
        let pool = <Pool<Storage>>::new(Storage::new)
            .with_max_idle(limit)
            .with_name(options.name)
            .with_rehouse("buffers", Storage::rehouse(options.wipes()));
        let pool = try_box(pool)?;
        // bug: class without memory of its own
        pool.try_first_use(self.common.clone())?;
        // SAFETY: as in `get`.
        Some(unsafe { &*set_once(&self.pools[usize::from(class)], NOT_MADE, pool) })
    }

    /// Returns the size classes that have been made, and their pools.
    pub(super) fn all_made(&self) -> impl Iterator<Item = (u8, &Pool<Storage>)> {
        (0..OVERSIZE).filter_map(|class| Some((class, self.made(class)?)))
    }
}

impl Drop for Classes {
    fn drop(&mut self) {
        for place in &mut self.pools {
            let pool = *place.get_mut();
            if pool != NOT_MADE {
                // SAFETY: made from a `Box`, and freed once.
                // bug: classes leaked
                drop(unsafe { Box::from_raw(pool) });
            }
        }
    }
}
