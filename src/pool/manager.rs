//! The manager of a pool, whatever its type.
//!
//! It moves to memory of its own at the first use of the pool. So it stays where it is when the pool is
//! moved, and guards, which do not know its type, reach it by the core.

use std::{
    cell::Cell,
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use super::{
    gate::{Call, Gate, State},
    manage::Manage,
};
use crate::{
    sync::{ProcessPtr, Relaxed},
    util::try_alloc::{NO_MEMORY, try_box},
};

/// A pool's manager, in memory of its own: an owning pointer.
pub(crate) struct Manager<T>(NonNull<Head<T>>);

type Recycle<T> = unsafe fn(NonNull<Head<T>>, &mut T) -> bool;

/// The managers that were leaked, linked by `next_leaked`, so that leak checkers see that it was meant.
static LEAKED: ProcessPtr<()> = ProcessPtr::new(ptr::null_mut());

/// The part that does not depend on the manager's type.
struct Head<T> {
    next_leaked: Cell<*mut ()>,
    /// [`Manage::recycle`], if it does anything.
    recycle: Option<Recycle<T>>,
    /// Drops the manager, but keeps the memory.
    end: unsafe fn(NonNull<Head<T>>),
    /// Frees the memory.
    free: unsafe fn(NonNull<Head<T>>),
    gate: Gate,
}

#[repr(C)]
struct Whole<T, M> {
    head: Head<T>,
    manager: MaybeUninit<M>,
}

impl<T, M: Manage<T>> Whole<T, M> {
    fn head() -> Head<T> {
        let recycle = M::RECYCLES.then_some(Self::recycle as Recycle<T>);
        Head {
            next_leaked: Cell::new(ptr::null_mut()),
            recycle,
            end: Self::end,
            free: Self::free,
            gate: Gate::new(),
        }
    }

    /// # Safety
    ///
    /// `head` is that of a `Whole<T, M>` whose manager has not ended.
    unsafe fn recycle(head: NonNull<Head<T>>, object: &mut T) -> bool {
        // SAFETY: the caller's promise.
        unsafe { head.cast::<Self>().as_ref().manager.assume_init_ref() }.recycle(object)
    }

    /// # Safety
    ///
    /// As for `recycle`, and nobody uses the manager any more.
    unsafe fn end(head: NonNull<Head<T>>) {
        // SAFETY: the caller's promise.
        unsafe { (&raw mut (*head.cast::<Self>().as_ptr()).manager).cast::<M>().drop_in_place() };
    }

    /// # Safety
    ///
    /// `head` is that of a `Whole<T, M>` on the heap, which is not used any more.
    unsafe fn free(head: NonNull<Head<T>>) {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(head.cast::<Self>().as_ptr()) });
    }
}

impl<T> Manager<T> {
    /// Allocates memory, and then calls `manager` for what to move there.
    ///
    /// # Panics
    ///
    /// If there is no memory.
    pub(crate) fn new<M: Manage<T>>(manager: impl FnOnce() -> M) -> Self {
        let whole = Whole { head: Whole::<T, M>::head(), manager: MaybeUninit::uninit() };
        let whole = Box::leak(try_box(whole).expect(NO_MEMORY));
        whole.manager.write(manager());
        Self(NonNull::from(whole).cast())
    }

    /// Returns the manager.
    ///
    /// # Safety
    ///
    /// `M` is its type, and it has not ended.
    pub(crate) unsafe fn get<M>(&self) -> &M {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<Whole<T, M>>().as_ref().manager.assume_init_ref() }
    }

    fn head(&self) -> &Head<T> {
        // SAFETY: freed by our `drop` alone.
        unsafe { self.0.as_ref() }
    }

    /// Returns whether the manager is called for objects that come back.
    pub(crate) fn recycles(&self) -> bool {
        self.head().recycle.is_some()
    }

    /// Recycles an object that comes back, and returns whether the pool should keep it.
    ///
    /// The pool is borrowed, or the caller has passed the [gate](Self::pass).
    pub(crate) fn recycle(&self, object: &mut T) -> bool {
        // SAFETY: the manager has not ended.
        self.head().recycle.is_none_or(|recycle| unsafe { recycle(self.0, object) })
    }

    /// Begins a call by an owned guard, whose pool may be ending. Returns `None` if the manager has
    /// ended.
    pub(crate) fn pass(&self) -> Option<Call<'_>> {
        self.head().gate.pass()
    }

    /// Notes, in a child process after a fork, that calls of the parent's threads never end.
    pub(crate) fn reset_after_fork(&self) {
        self.head().gate.reset_after_fork();
    }

    /// Drops the manager at the end of a pool, after the calls by owned guards. If the calling thread is
    /// in such a call, the manager is leaked.
    pub(crate) fn end(&self) {
        if self.head().gate.close() {
            // SAFETY: nobody uses it any more, and it ends once.
            unsafe { (self.head().end)(self.0) };
        } else {
            // Relaxed: nobody reads the list.
            self.head().next_leaked.set(LEAKED.swap(self.0.as_ptr().cast(), Relaxed));
        }
    }
}

impl<T> Drop for Manager<T> {
    fn drop(&mut self) {
        let (end, free, state) = (self.head().end, self.head().free, self.head().gate.state());
        // SAFETY: nobody uses it, and it ends once. The memory is not used any more.
        unsafe {
            // bug: manager dropped twice
            if state == State::Open {
                end(self.0);
            }
            if state != State::Stuck {
                free(self.0);
            }
        }
    }
}
