//! The memory that chaos mode keeps.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use corepool::Pool;

use crate::run;

/// Counts the bytes of large allocations.
struct Counting;

/// From how many bytes on an allocation is large. No other test makes any, but a panic that prints a backtrace
/// keeps some for the next one.
const LARGE: usize = 200_000;

static BYTES: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(if layout.size() >= LARGE { layout.size() } else { 0 }, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        BYTES.fetch_sub(if layout.size() >= LARGE { layout.size() } else { 0 }, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(start, layout) }
    }
}

/// A pool keeps the memory of few large objects, and none when it has ended.
#[test]
fn little_is_kept_and_not_for_long() {
    let _alone = run(1);
    let before = BYTES.load(Relaxed);
    for _ in 0..3 {
        let pool = Pool::new(|| vec![0u8; LARGE]);
        (0..50).for_each(|_| drop(pool.get()));
        let idle = pool.stats().idle as usize;
        let bytes = BYTES.load(Relaxed) - before;
        assert!(bytes > LARGE * idle && bytes <= LARGE * (idle + 2), "{bytes} for {idle} objects");
        drop(pool);
        assert_eq!(BYTES.load(Relaxed), before);
    }
}

/// Memory beyond a MiB is left alone.
#[test]
fn large_buffers_stay_where_they_are() {
    let _alone = run(1);
    let before = BYTES.load(Relaxed);
    let pool = Pool::new(|| vec![7u8; 2 << 20]);
    let mut stayed = 0;
    for _ in 0..if cfg!(miri) { 5 } else { 50 } {
        let start = pool.get().as_ptr();
        stayed += usize::from(pool.try_get().is_some_and(|vec| vec.as_ptr() == start));
        assert!(BYTES.load(Relaxed) - before <= 2 * (2 << 20));
    }
    assert!(stayed > 0);
    drop(pool);
    assert_eq!(BYTES.load(Relaxed), before);
}
