//! The allocator of this build.

pub use imp::*;

#[cfg(feature = "mimalloc")]
mod imp {
    #[global_allocator]
    static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

    pub const NAME: &str = "mimalloc";
}

#[cfg(all(feature = "jemalloc", not(feature = "mimalloc")))]
mod imp {
    #[global_allocator]
    static HEAP: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

    pub const NAME: &str = "jemalloc";
}

#[cfg(not(any(feature = "mimalloc", feature = "jemalloc")))]
mod imp {
    pub const NAME: &str = if cfg!(target_env = "gnu") { "glibc" } else { "system" };
}

/// Returns the number of allocations during `f`, of all threads, or 0 in a build that does not
/// count.
#[cfg(not(feature = "count"))]
pub fn requests(f: impl FnOnce()) -> usize {
    f();
    0
}

#[cfg(feature = "count")]
pub use counting::requests;

#[cfg(feature = "count")]
mod counting {
    use std::{
        alloc::{GlobalAlloc, Layout, System},
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    static REQUESTS: AtomicUsize = AtomicUsize::new(0);

    pub fn requests(f: impl FnOnce()) -> usize {
        let before = REQUESTS.load(Relaxed);
        f();
        REQUESTS.load(Relaxed) - before
    }

    struct Counting;

    #[global_allocator]
    static HEAP: Counting = Counting;

    // SAFETY: forwards to the system's allocator; counting allocates nothing.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            REQUESTS.fetch_add(1, Relaxed);
            // SAFETY: the caller's promise.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(memory, layout) };
        }

        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            REQUESTS.fetch_add(1, Relaxed);
            // SAFETY: the caller's promise.
            unsafe { System.realloc(memory, layout, size) }
        }
    }
}
