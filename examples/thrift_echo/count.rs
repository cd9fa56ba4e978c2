//! An allocator that counts the allocations of each thread.
//!
//! Two counts are kept: all allocations, and those made for a message buffer. The second is exact
//! by construction, not by a guess from sizes: the transports take, grow and release a buffer only
//! inside [`buffer`], and nothing else runs inside it. A reallocation counts as an allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::{AddAssign, Sub};

pub struct Counting;

thread_local! {
    static ALL: Cell<u64> = const { Cell::new(0) };
    static BUFFERS: Cell<u64> = const { Cell::new(0) };
    static IN_BUFFER: Cell<bool> = const { Cell::new(false) };
}

fn note() {
    ALL.set(ALL.get() + 1);
    if IN_BUFFER.get() {
        BUFFERS.set(BUFFERS.get() + 1);
    }
}

// SAFETY: every call goes to `System` unchanged. `note` does not allocate, and its thread locals
// have no initializer to run and no destructor, so they can be used at any time in any thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note();
        // SAFETY: as above, and `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System` with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Runs `f`, counting its allocations as made for a message buffer.
pub fn buffer<R>(f: impl FnOnce() -> R) -> R {
    let outer = IN_BUFFER.replace(true);
    let result = f();
    IN_BUFFER.set(outer);
    result
}

#[derive(Clone, Copy, Default)]
pub struct Allocs {
    pub buffers: u64,
    pub all: u64,
}

impl Allocs {
    /// Returns the allocations of this thread so far.
    pub fn now() -> Allocs {
        Allocs { buffers: BUFFERS.get(), all: ALL.get() }
    }
}

impl Sub for Allocs {
    type Output = Allocs;

    fn sub(self, earlier: Allocs) -> Allocs {
        Allocs { buffers: self.buffers - earlier.buffers, all: self.all - earlier.all }
    }
}

impl AddAssign for Allocs {
    fn add_assign(&mut self, more: Allocs) {
        self.buffers += more.buffers;
        self.all += more.all;
    }
}
