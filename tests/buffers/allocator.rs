//! An allocator that counts each thread's requests, the bytes in live blocks and those in large ones,
//! and inspects the contents of freed blocks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Blocks of at least this size are counted while they live: those of buffers, and hardly any
/// others.
const LARGE: usize = 4096;

static ALL: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    static SECRET: Cell<Option<u8>> = const { Cell::new(None) };
    static FREED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Returns the number of bytes in all blocks.
pub(crate) fn all() -> usize {
    ALL.load(Relaxed)
}

/// Returns the number of bytes in large blocks.
pub(crate) fn live() -> usize {
    LIVE.load(Relaxed)
}

/// Returns by how many bytes `live` exceeds `before`.
pub(crate) fn live_since(before: usize) -> usize {
    live().saturating_sub(before)
}

/// The same for the maximum since `reset_peak`.
pub(crate) fn peak_since(before: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(before)
}

pub(crate) fn reset_peak() {
    PEAK.store(live(), Relaxed);
}

/// Returns the number of allocations of this thread during `f`.
pub(crate) fn requests<R>(f: impl FnOnce() -> R) -> usize {
    let before = REQUESTS.get();
    f();
    REQUESTS.get() - before
}

/// Returns how many blocks of `LARGE` bytes this thread frees during `f`, and how many of them
/// contain only `secret` bytes. Every freed block must be initialised completely.
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
        ALL.fetch_add(size, Relaxed);
        if size >= LARGE {
            PEAK.fetch_max(LIVE.fetch_add(size, Relaxed) + size, Relaxed);
        }
    }

    /// # Safety
    ///
    /// `memory` is valid for reads, and its `LARGE` bytes are initialised.
    unsafe fn look(memory: *const u8, secret: u8) {
        // SAFETY: the caller's promise.
        let block = unsafe { std::slice::from_raw_parts(memory, LARGE) };
        let (freed, found) = FREED.get();
        let told = block.iter().all(|&byte| byte == secret);
        FREED.set((freed + 1, found + usize::from(told)));
    }

    fn gone(size: usize) {
        ALL.fetch_sub(size, Relaxed);
        if size >= LARGE {
            LIVE.fetch_sub(size, Relaxed);
        }
    }
}

// SAFETY: forwards to the system's allocator; counting allocates nothing.
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
            // SAFETY: the block is alive until the next line, and the caller of `freed_with` has
            // initialised it.
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
