//! What keeps the heap part of a buffer pool alive: the pool, and buffers that do not borrow it.
//!
//! Such a buffer has a loan of the `lender`, a pool without objects whose manager owns the heap part.
//! So the last of the pool and these buffers frees it, with the pools of its classes, and none of them
//! counts on what threads share.

use std::{
    mem::{ManuallyDrop, MaybeUninit},
    ptr::{self, NonNull},
};

use super::{core::BufferCore, options::Options};
use crate::{
    pool::{end::Loan, manage::Manage, pool::Pool},
    util::try_alloc::try_box,
};

pub(super) struct Heap {
    pub(super) core: BufferCore,
    /// Moved out by `end`.
    lender: ManuallyDrop<Pool<(), Keeper>>,
}

/// The share of a buffer in the heap part.
pub(super) type Share = Loan<()>;

/// Frees the heap part when it is dropped.
struct Keeper(NonNull<Heap>);

// SAFETY: a heap part may be used and freed by any thread.
unsafe impl Send for Keeper {}
// SAFETY: as above.
unsafe impl Sync for Keeper {}

const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<BufferCore>();
};

impl Manage<()> for Keeper {
    const RECYCLES: bool = false;

    fn create(&self) {}
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // SAFETY: made from a `Box`, and freed once. The pool was dropped, and no share is left.
        // bug: heap part leaked
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Heap {
    /// Allocates the heap part of a pool, which [`end`](Self::end) frees. `None` if there is no memory.
    pub(super) fn try_new(options: Options) -> Option<NonNull<Self>> {
        let place = NonNull::from(Box::leak(try_box(MaybeUninit::<Self>::uninit())?)).cast();
        let lender = ManuallyDrop::new(Pool::new(Keeper(place)));
        // SAFETY: the place is allocated, and nothing else uses it.
        unsafe { place.write(Self { core: BufferCore::new(options), lender }) };
        Some(place)
    }

    /// Returns a share, which keeps the heap part alive.
    #[inline]
    pub(super) fn share(&self) -> Share {
        self.lender.lend()
    }

    /// Frees the heap part, now or with its last share.
    ///
    /// # Safety
    ///
    /// The pool is being dropped: this is called once, and `share` is not called any more.
    pub(super) unsafe fn end(heap: NonNull<Self>) {
        let lender = {
            // SAFETY: it is freed below at the earliest.
            let this = unsafe { heap.as_ref() };
            // bug: idle buffers kept for the last share
            if !this.lender.is_unused() {
                this.core.end();
            }
            // SAFETY: moved out once, and not used in its old place any more.
            unsafe { ptr::read(&raw const *this.lender) }
        };
        drop(lender);
    }
}
