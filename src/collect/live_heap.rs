//! The live heap: bytes that were allocated and not freed, as far as an allocator of ours knows.
//!
//! Each thread counts for itself and adds what it has to the sum of all when that is much, and when
//! it ends. The thread-local has no destructor, so that it is there as long as the thread is; a
//! second one, touched at a thread's first count only, sees the end. What comes after that goes
//! straight to the sum.
//!
//! Only where thread-locals are known to take no memory from the allocator of which they would be a
//! part: elsewhere all goes straight to the sum.

use std::cell::Cell;

use crossbeam_utils::CachePadded;

use crate::sync::{Relaxed, Untracked};

/// What a thread keeps to itself, at most: so many bytes more or less than it has told.
pub(crate) const FLUSH_AT: usize = 64 << 10;

/// The count of a thread that has not counted yet. As far from all others as can be, so that one
/// comparison tells them apart.
const UNREGISTERED: usize = 1 << (usize::BITS - 1);
/// That of one that counts nothing for itself.
const UNTRACKED: usize = UNREGISTERED + 1;

/// The sum. It wraps below 0 while others have not told yet what they have allocated.
static LIVE: CachePadded<Untracked> = CachePadded::new(Untracked::new(0));
/// What it was at the last collect.
static BASE: CachePadded<Untracked> = CachePadded::new(Untracked::new(0));

thread_local! {
    /// Bytes that this thread has not told of, and [`FLUSH_AT`].
    static COUNT: Cell<usize> = const { Cell::new(UNREGISTERED) };
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        // bug: count of an ended thread lost
        add(COUNT.replace(UNTRACKED).wrapping_sub(FLUSH_AT));
    }
}

/// Counts so many bytes more (or less, wrapped). If it is time to look at the sum: the sum.
#[inline(always)]
pub(crate) fn count(bytes: usize) -> Option<usize> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return Some(add(bytes));
    }
    let count = COUNT.get().wrapping_add(bytes);
    if count <= 2 * FLUSH_AT {
        COUNT.set(count);
        return None;
    }
    Some(flush(bytes))
}

#[cold]
#[inline(never)]
fn flush(bytes: usize) -> usize {
    if COUNT.get() == UNREGISTERED {
        // Until it is known whether the end will be seen, and should that allocate.
        COUNT.set(UNTRACKED);
        if END.try_with(|_| ()).is_ok() {
            COUNT.set(FLUSH_AT);
        }
    }
    add(bytes.wrapping_add(take_own()))
}

/// What this thread has not told of.
fn take_own() -> usize {
    match COUNT.get() {
        UNREGISTERED | UNTRACKED => 0,
        count => {
            COUNT.set(FLUSH_AT);
            count.wrapping_sub(FLUSH_AT)
        }
    }
}

fn add(bytes: usize) -> usize {
    clamp(LIVE.fetch_add(bytes, Relaxed).wrapping_add(bytes))
}

fn clamp(sum: usize) -> usize {
    (sum as isize).max(0) as usize
}

/// The live heap, with all that this thread has allocated.
pub(crate) fn bytes() -> usize {
    if cfg!(all(target_os = "linux", target_env = "gnu")) { flush(0) } else { add(0) }
}

/// What it was at the last collect.
pub(crate) fn base() -> usize {
    BASE.load(Relaxed)
}

/// Growth counts from here.
pub(crate) fn rebase() {
    // bug: growth since the beginning
    BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);
}
