//! An allocator that tells pools when memory should come back.

use std::{
    alloc::{GlobalAlloc, Layout},
    fmt,
};

use crate::collect::{live_heap, schedule};

/// An allocator that counts what it hands out, and asks for a [`collect`](crate::collect()) when the
/// live heap has grown: what a garbage collector is for Go's pools.
///
/// It only counts and raises a flag; memory comes from the allocator that it wraps. The collect runs
/// later and elsewhere: at the end of the next call of a pool that finds nothing at hand or has no
/// room at hand, or in a [`janitor`](crate::janitor()), whichever comes first. Which thread runs
/// the destructors then is told at [`set_collect_interval`](crate::set_collect_interval).
///
/// A collect is due when the live heap is larger by `growth` percent than it was at the last collect
/// of all pools, and at least `floor` bytes large. This is the pace of Go's collector (GOGC), with
/// what is live in the place of what is reachable.
///
/// The count is one for the process, and meant for its `#[global_allocator]`. Each thread adds to it
/// in steps of 64 KiB, so that the count is off by at most that for each other thread. A call costs
/// a few instructions and no atomic read-modify-write. So on Linux with glibc; elsewhere each call
/// adds to the one count.
///
/// # Examples
///
/// ```
/// use std::alloc::System;
///
/// use corepool::alloc::PacedAlloc;
///
/// #[global_allocator]
/// static ALLOCATOR: PacedAlloc<System> = PacedAlloc::new(System).with_growth(50).with_floor(1 << 20);
///
/// let before = ALLOCATOR.live_bytes();
/// let buffer = vec![0u8; 1 << 20];
/// assert!(ALLOCATOR.live_bytes() >= before + buffer.len());
/// ```
pub struct PacedAlloc<A> {
    inner: A,
    growth: u32,
    floor: usize,
}

impl<A> PacedAlloc<A> {
    /// Counts what `inner` allocates. A collect is due each time the live heap has doubled, and not
    /// below 4 MiB.
    pub const fn new(inner: A) -> Self {
        Self { inner, growth: 100, floor: 4 << 20 }
    }

    /// Makes a collect due each time the live heap has grown by so many percent since the last one.
    ///
    /// # Panics
    ///
    /// If it is 0: a collect would be due all the time. In a `static` that is an error of the
    /// compiler.
    #[must_use]
    pub const fn with_growth(mut self, percent: u32) -> Self {
        assert!(percent > 0, "a growth of 0 percent makes a collect due all the time");
        self.growth = percent;
        self
    }

    /// Makes no collect due while the live heap has fewer bytes than this. 0 is as 1: growth alone
    /// decides, but by steps of 64 KiB at least.
    #[must_use]
    pub const fn with_floor(mut self, bytes: usize) -> Self {
        self.floor = bytes;
        self
    }

    /// The live heap: bytes asked for and not given back, without what the allocator adds.
    ///
    /// Of each other thread up to 64 KiB, more or less, may not be known.
    pub fn live_bytes(&self) -> usize {
        live_heap::bytes()
    }

    /// How often all pools of the process were collected, whoever asked for it.
    pub fn collections(&self) -> u64 {
        schedule::collects() as u64
    }

    /// The live heap at which a collect is due, if it had `base` bytes at the last one.
    fn goal(&self, base: usize) -> usize {
        let more = (base as u64).saturating_mul(u64::from(self.growth)) / 100;
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // bug: floor of its own; collect below the floor
        base.saturating_add(more.max(live_heap::FLUSH_AT)).max(self.floor)
    }

    #[inline(always)]
    fn count(&self, bytes: usize) {
        if let Some(live) = live_heap::count(bytes) {
            if live >= self.goal(live_heap::base()) {
                // bug: allocation that waits for a collect; allocation that collects
                schedule::ask();
            }
        }
    }
}

// SAFETY: all memory is that of `inner`, which keeps the same promises. Counting neither panics nor
// allocates from here.
unsafe impl<A: GlobalAlloc> GlobalAlloc for PacedAlloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { self.inner.alloc(layout) };
        if !memory.is_null() {
            self.count(layout.size());
        }
        memory
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { self.inner.alloc_zeroed(layout) };
        if !memory.is_null() {
            self.count(layout.size());
        }
        memory
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.dealloc(memory, layout) };
        self.count(layout.size().wrapping_neg());
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        let moved = unsafe { self.inner.realloc(memory, layout, size) };
        // bug: refused memory is counted
        if !moved.is_null() {
            self.count(size.wrapping_sub(layout.size()));
        }
        moved
    }
}

impl<A> fmt::Debug for PacedAlloc<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacedAlloc")
            .field("growth", &self.growth)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}
