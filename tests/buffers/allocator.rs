//! An allocator that counts: what each thread asks for, and the large blocks that are alive.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Blocks from this size on are counted as alive: those of buffers, and hardly anything else.
const LARGE: usize = 4096;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

/// Bytes in large blocks.
pub(crate) fn live() -> usize {
    LIVE.load(Relaxed)
}

/// So many more than there were before.
pub(crate) fn live_since(before: usize) -> usize {
    live().saturating_sub(before)
}

/// The same for the most there were since `reset_peak`.
pub(crate) fn peak_since(before: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(before)
}

pub(crate) fn reset_peak() {
    PEAK.store(live(), Relaxed);
}

/// Allocations of this thread during `f`.
pub(crate) fn requests<R>(f: impl FnOnce() -> R) -> usize {
    let before = REQUESTS.get();
    f();
    REQUESTS.get() - before
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

impl Counting {
    fn born(size: usize) {
        REQUESTS.set(REQUESTS.get() + 1);
        if size >= LARGE {
            PEAK.fetch_max(LIVE.fetch_add(size, Relaxed) + size, Relaxed);
        }
    }

    fn gone(size: usize) {
        if size >= LARGE {
            LIVE.fetch_sub(size, Relaxed);
        }
    }
}

// SAFETY: the system's allocator; counting takes no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            Self::born(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::gone(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { System.realloc(memory, layout, size) };
        if !memory.is_null() {
            Self::gone(layout.size());
            Self::born(size);
        }
        memory
    }
}
