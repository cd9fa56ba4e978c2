//! An allocator that counts the requests of each thread and the live large blocks, and looks at the contents of
//! freed blocks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Blocks from this size on are counted as alive: those of buffers, and hardly anything else.
const LARGE: usize = 4096;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    static SECRET: Cell<Option<u8>> = const { Cell::new(None) };
    static FREED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
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

/// How many blocks of `LARGE` bytes this thread frees during `f`, and how many of them hold nothing but
/// `secret`. All that are freed must have been written to the end.
pub(crate) fn freed_with(secret: u8, f: impl FnOnce()) -> (usize, usize) {
    FREED.set((0, 0));
    SECRET.set(Some(secret));
    f();
    SECRET.set(None);
    FREED.get()
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

    /// # Safety
    ///
    /// `memory` may be read, and has been written to the end.
    unsafe fn look(memory: *const u8, secret: u8) {
        // SAFETY: the caller's promise.
        let block = unsafe { std::slice::from_raw_parts(memory, LARGE) };
        let (freed, found) = FREED.get();
        let told = block.iter().all(|&byte| byte == secret);
        FREED.set((freed + 1, found + usize::from(told)));
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
        if let Some(secret) = SECRET.get().filter(|_| layout.size() == LARGE) {
            // SAFETY: it is alive until the next line, and who looks has written to it.
            unsafe { Self::look(memory, secret) };
        }
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
