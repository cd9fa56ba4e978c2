//! An allocator that requests a collect when the live heap has grown.

use std::{
    alloc::{GlobalAlloc, Layout},
    fmt,
};

use crate::collect::{live_heap, schedule};

/// An allocator that counts the live heap, and requests a [`collect`](crate::collect()) of all
/// pools when it has grown. It does for pools what the garbage collector does for Go's.
///
/// `PacedAlloc` only counts and sets a flag. The memory comes from the allocator that it wraps. The
/// next pool operation that takes the slow path, because its thread has no idle object or no room
/// for one, has the collect run: by a [`janitor`](crate::janitor()) if there is one, and otherwise
/// by the thread that [`set_collect_interval`](crate::set_collect_interval) describes.
///
/// A collect is due when the live heap has grown by a percentage
/// ([`with_growth`](Self::with_growth)) over its smallest size since the last collect of all pools,
/// and is not smaller than a floor ([`with_floor`](Self::with_floor)). Go's collector is paced in
/// the same way (GOGC), but by the reachable heap instead of the live heap.
///
/// Use it as the `#[global_allocator]`: there is one count per process. On Linux with glibc, each
/// thread adds to that count in steps of 64 KiB. A call then costs a few instructions and no atomic
/// read-modify-write, and the count is off by up to 64 KiB for each other thread. On other systems
/// every call adds to the count atomically.
///
/// # Examples
///
/// ```
/// use std::alloc::System;
///
/// use corepool::alloc::PacedAlloc;
///
/// #[global_allocator]
/// static ALLOCATOR: PacedAlloc<System> =
///     PacedAlloc::new(System).with_growth(50).with_floor(1 << 20);
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
    /// Wraps `inner`, with a growth of 100 percent and a floor of 4 MiB: a collect is due each time
    /// the live heap has doubled, if it has at least 4 MiB.
    pub const fn new(inner: A) -> Self {
        Self { inner, growth: 100, floor: 4 << 20 }
    }

    /// Makes a collect due each time the live heap has grown by `percent` over its smallest size
    /// since the last collect. The default is 100.
    ///
    /// # Panics
    ///
    /// If `percent` is 0, because a collect would be due all the time. In a `static`, that is a
    /// compile error.
    #[must_use]
    pub const fn with_growth(mut self, percent: u32) -> Self {
        assert!(percent > 0, "a growth of 0 percent makes a collect due all the time");
        self.growth = percent;
        self
    }

    /// Suppresses collects while the live heap is smaller than `bytes`. The default is 4 MiB.
    ///
    /// With 0, only growth decides. In any case the heap must grow by at least 64
    /// KiB between two collects.
    #[must_use]
    pub const fn with_floor(mut self, bytes: usize) -> Self {
        self.floor = bytes;
        self
    }

    /// Returns the size of the live heap in bytes: what was requested and not freed, without the
    /// allocator's overhead.
    ///
    /// It may be off by up to 64 KiB, in either direction, for each other thread.
    pub fn live_bytes(&self) -> usize {
        live_heap::bytes()
    }

    /// Returns how often all pools of the process were collected, for any reason.
    pub fn collections(&self) -> u64 {
        schedule::collects() as u64
    }

    /// Returns the size of the live heap at which a collect is due, if `base` was its smallest size
    /// since the last one.
    fn goal(&self, base: usize) -> usize {
        let more = (base as u64).saturating_mul(u64::from(self.growth)) / 100;
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // bug: configured floor ignored; collect below the floor
        base.saturating_add(more.max(live_heap::FLUSH_AT)).max(self.floor)
    }

    /// Adds `bytes`, which may be a wrapped negative number, to the live heap, and requests a
    /// collect if one is due.
    #[inline(always)]
    fn count(&self, bytes: usize) {
        if let Some(live) = live_heap::count(bytes) {
            let base = live_heap::base();
            if live < base {
                live_heap::lower_base(live);
            } else if live >= self.goal(base) {
                // bug: allocation that waits for a collect; allocation that collects
                schedule::ask();
            }
        }
    }
}

// SAFETY: all functions forward to `inner`, which has the same contract. Counting neither panics
// nor allocates through `self`.
unsafe impl<A: GlobalAlloc> GlobalAlloc for PacedAlloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: guaranteed by the caller.
        let memory = unsafe { self.inner.alloc(layout) };
        if !memory.is_null() {
            self.count(layout.size());
        }
        memory
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: guaranteed by the caller.
        let memory = unsafe { self.inner.alloc_zeroed(layout) };
        if !memory.is_null() {
            self.count(layout.size());
        }
        memory
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: guaranteed by the caller.
        unsafe { self.inner.dealloc(memory, layout) };
        self.count(layout.size().wrapping_neg());
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: guaranteed by the caller.
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
