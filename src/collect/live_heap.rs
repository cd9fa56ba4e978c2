//! The live heap: the bytes that a counting allocator has allocated and not yet freed.
//!
//! Each thread counts for itself, and adds its count to the total when it reaches [`FLUSH_AT`] in
//! either direction, and when the thread ends. The count is in a thread-local without a destructor,
//! so it can be used as long as the thread runs. A second thread-local, touched only at the
//! thread's first count, has a destructor, which runs at the thread's end. What the thread counts
//! after that goes straight to the total.
//!
//! This is done only where thread-locals are known not to allocate with the allocator that counts.
//! Elsewhere, every count goes straight to the total.

use std::cell::Cell;

use crossbeam_utils::CachePadded;

use crate::{
    sync::{Relaxed, Untracked},
    util::wrapped::not_below_zero,
};

/// How many bytes, more or fewer, a thread may count before it flushes them to the total.
pub(crate) const FLUSH_AT: usize = 64 << 10;

/// The count of a thread that has not counted yet. It is as far as possible from all other counts,
/// so that one comparison covers this case, [`UNTRACKED`], and a count that must be flushed.
const UNREGISTERED: usize = 1 << (usize::BITS - 1);
/// The count of a thread that adds straight to the total.
const UNTRACKED: usize = UNREGISTERED + 1;

/// The total. It wraps below 0 while threads have not flushed what they have allocated.
static LIVE: CachePadded<Untracked> = CachePadded::new(Untracked::new(0));
/// The smallest total since the last collect.
static BASE: CachePadded<Untracked> = CachePadded::new(Untracked::new(0));

thread_local! {
    /// Bytes that this thread has not flushed, plus [`FLUSH_AT`].
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

/// Adds `bytes` to the live heap; a negative number is passed wrapped. Returns the new total if
/// this call has updated the total.
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

/// Adds `bytes` and this thread's count to the total, and returns the new total.
#[cold]
#[inline(never)]
fn flush(bytes: usize) -> usize {
    if COUNT.get() == UNREGISTERED {
        // Untracked during the registration of the destructor, which may allocate; and for good
        // if it fails.
        COUNT.set(UNTRACKED);
        if END.try_with(|_| ()).is_ok() {
            COUNT.set(FLUSH_AT);
        }
    }
    add(bytes.wrapping_add(take_own()))
}

/// Takes the bytes that this thread has not flushed.
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
    not_below_zero(LIVE.fetch_add(bytes, Relaxed).wrapping_add(bytes))
}

/// Returns the live heap, including all that this thread has allocated.
pub(crate) fn bytes() -> usize {
    if cfg!(all(target_os = "linux", target_env = "gnu")) { flush(0) } else { add(0) }
}

/// Returns the total from which growth counts: the smallest since the last collect.
pub(crate) fn base() -> usize {
    BASE.load(Relaxed)
}

/// Lets the base follow the heap down. Otherwise a heap that has peaked at the last collect would
/// have to double its peak before the next one.
#[cold]
pub(crate) fn lower_base(total: usize) {
    // bug: base stays at the peak
    BASE.fetch_min(total, Relaxed);
}

/// Makes the current total the base from which growth counts.
pub(crate) fn rebase() {
    // bug: growth not counted from the last collect
    BASE.store(not_below_zero(LIVE.load(Relaxed)), Relaxed);
}
