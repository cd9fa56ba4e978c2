//! Memory that is freed without a call of `collect`, in a process whose global allocator is a
//! `PacedAlloc`: the tests are a separate binary because of this allocator.

#[cfg(feature = "bytes")]
mod buffers;
mod cells;
mod layout;
mod paced;
#[path = "../common/relay.rs"]
mod relay;
mod retention;
mod steady;
#[cfg(feature = "rt")]
mod tasks;

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::RefCell,
    fmt::Debug,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use corepool::{alloc::PacedAlloc, set_collect_interval};

#[global_allocator]
static ALLOCATOR: PacedAlloc<Exact> = PacedAlloc::new(Exact);

/// The allocator of `cells`, with a count of its own, which is exact at any time.
struct Exact;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards to the allocator of `cells`.
unsafe impl GlobalAlloc for Exact {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { cells::Counting.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { cells::Counting.dealloc(memory, layout) };
    }
}

/// Returns the number of bytes that are allocated.
fn exact_bytes() -> usize {
    LIVE.load(Relaxed)
}

/// Returns by how many bytes `exact_bytes` exceeds `before`.
fn more_than(before: usize) -> usize {
    exact_bytes().saturating_sub(before)
}

/// Checks that numbers of bytes are `right`. The test harness allocates and frees as well, when a test
/// ends and the next one begins, so that there are several tries.
#[track_caller]
fn expect<R: Debug>(right: impl Fn(&R) -> bool, measure: impl Fn() -> R) {
    let mut wrong = Vec::new();
    for _ in 0..20 {
        let measured = measure();
        if right(&measured) {
            return;
        }
        wrong.push(measured);
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{wrong:?}");
}

const KIB: usize = 1 << 10;

/// What a pool takes more with the feature `chaos`.
const CHAOS: usize = if cfg!(feature = "chaos") { 128 } else { 0 };
const MIB: usize = 1 << 20;

/// The test that has this runs alone.
#[must_use]
struct Alone;

/// From here on the calling test runs alone, and no collect runs by the clock. It must not have used a
/// pool before. The next test begins when this one's thread has ended and given back its seat.
fn alone() -> Alone {
    static ALONE: Mutex<()> = Mutex::new(());
    thread_local! {
        // Thread-locals are destroyed in the reverse order of their first use.
        static TURN: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
    }
    TURN.with_borrow_mut(|turn| {
        turn.get_or_insert_with(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
    });
    // Not earlier: the call takes the lock of the registry.
    set_collect_interval(None);
    // Otherwise glibc learns from freed blocks to keep up to 64 MiB.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two integers.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 512 << 10);
    }
    Alone
}

/// Runs `f` on several threads at once, and waits until they have ended and their thread-locals are
/// destroyed.
fn on_threads<R: Send>(n: usize, f: impl Fn() -> R + Sync) -> Vec<R> {
    thread::scope(|s| {
        let threads: Vec<_> = (0..n).map(|_| s.spawn(&f)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A scope that waits until its threads, and their thread-local destructors, have ended.
fn scope<'a>(f: impl for<'s> FnOnce(&'s Scope<'s, 'a>) -> Vec<ScopedJoinHandle<'s, ()>>) {
    thread::scope(|s| f(s).into_iter().for_each(|thread| thread.join().unwrap()));
}

/// Whether two numbers of bytes differ by at most `by`.
fn near(one: usize, other: usize, by: usize) -> bool {
    one.abs_diff(other) <= by
}
