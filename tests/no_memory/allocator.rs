//! An allocator that refuses memory to threads that request it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ptr,
};

/// Which of a thread's requests are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refuse {
    Nothing,
    All,
    /// Requests for this number of bytes or more.
    Large(usize),
    /// The one request after this number of others.
    Only(usize),
    /// All requests after this number of others.
    From(usize),
}

thread_local! {
    // Neither of these thread-locals allocates or has a destructor.
    static REFUSE: Cell<Refuse> = const { Cell::new(Refuse::Nothing) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// From now on, this thread's requests are refused as `what` says.
pub(crate) fn refuse(what: Refuse) {
    REFUSE.set(what);
    REFUSED.set(0);
}

/// Stops refusing. Returns the number of refused requests.
pub(crate) fn relent() -> usize {
    REFUSE.set(Refuse::Nothing);
    REFUSED.get()
}

/// Whether a request of this thread is refused.
fn is_refused(size: usize) -> bool {
    let (next, refused) = match REFUSE.get() {
        Refuse::Nothing => return false,
        Refuse::All => (Refuse::All, true),
        Refuse::Large(bytes) => (Refuse::Large(bytes), size >= bytes),
        Refuse::Only(0) => (Refuse::Nothing, true),
        Refuse::Only(others) => (Refuse::Only(others - 1), false),
        Refuse::From(0) => (Refuse::All, true),
        Refuse::From(others) => (Refuse::From(others - 1), false),
    };
    REFUSE.set(next);
    REFUSED.set(REFUSED.get() + usize::from(refused));
    refused
}

struct Stingy;

#[global_allocator]
static STINGY: Stingy = Stingy;

// SAFETY: forwards to the system's allocator, or refuses, which is allowed at any time.
unsafe impl GlobalAlloc for Stingy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}
