//! The timers of one P, and those that were set elsewhere than on a worker.
//!
//! A timer is in the heap of the P on which it was set. The worker of that P fires it, or whichever
//! thread looks first when it is due: a thief, the thread that waits in the driver, or sysmon.
//!
//! Setting a timer locks its heap, which others lock only to fire, to move or to count. Cancelling
//! one takes its waker, under a lock of its own, and leaves the entry in the heap. The entry goes
//! when it is the first; or when more than half of the heap was cancelled, and the heap is cleaned.
//! As in Go's time.go.
//!
//! Wakers are foreign code: none is called, cloned or dropped under a heap's lock.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fmt, mem,
    sync::Arc,
    task::Waker,
};

use super::clock::NEVER;
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Relaxed, lock::lock, test_size};

/// How many timers are fired before the heap is unlocked for others.
const BATCH: usize = test_size(32, 1);

/// How many timers may be cancelled before the heap is cleaned.
const FEW: isize = test_size(64, 1) as isize;

/// The timers of one P.
pub(crate) struct Timers {
    heap: Mutex<Heap>,
    /// When the first timer is due. Changed under the lock.
    first: AtomicU64,
    /// The number of entries. Changed under the lock.
    len: AtomicUsize,
    /// The number of entries that were cancelled. It may be negative for a moment.
    cancelled: AtomicUsize,
}

#[derive(Default)]
struct Heap {
    entries: BinaryHeap<Entry>,
    stopped: bool,
}

struct Entry {
    at: u64,
    timer: Arc<Timer>,
}

/// The earliest entry is the greatest.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

/// A timer. Its `Sleep` has it, and so has the heap until it is due.
pub(crate) struct Timer(Mutex<Slot>);

enum Slot {
    Set {
        waker: Waker,
        /// The timers to which this one belongs.
        home: Arc<Timers>,
    },
    /// Fired, or cancelled.
    Over,
    /// The runtime has stopped.
    Stopped,
}

/// The error of a timer whose runtime has stopped.
#[derive(Debug)]
pub(crate) struct Stopped;

impl Timer {
    /// Replaces the waker. Returns whether the timer has fired.
    ///
    /// # Errors
    ///
    /// Returns [`Stopped`] if the runtime has stopped before the timer was due.
    pub(crate) fn renew(&self, waker: &Waker) -> Result<bool, Stopped> {
        match &*lock(&self.0) {
            Slot::Set { waker: before, .. } if !before.will_wake(waker) => {}
            Slot::Set { .. } => return Ok(false),
            Slot::Over => return Ok(true),
            Slot::Stopped => return Err(Stopped),
        }
        let mut other = waker.clone();
        let fired = match &mut *lock(&self.0) {
            Slot::Set { waker, .. } => {
                mem::swap(waker, &mut other);
                Ok(false)
            }
            Slot::Over => Ok(true),
            Slot::Stopped => Err(Stopped),
        };
        drop(other);
        fired
    }

    /// Cancels the timer, unless it has fired. Its waker is dropped.
    pub(crate) fn cancel(&self) {
        let slot = mem::replace(&mut *lock(&self.0), Slot::Over);
        if let Slot::Set { waker, home } = slot {
            drop(waker);
            home.count_cancelled();
        }
    }

    /// Ends the timer, and returns its waker unless it was cancelled.
    fn end(&self, slot: Slot) -> Option<Waker> {
        match mem::replace(&mut *lock(&self.0), slot) {
            Slot::Set { waker, .. } => Some(waker),
            _ => None,
        }
    }

    fn is_set(&self) -> bool {
        matches!(*lock(&self.0), Slot::Set { .. })
    }

    /// Marks the timer as one of `to`. Returns false if it was cancelled.
    fn rehome(&self, to: &Arc<Timers>) -> bool {
        match &mut *lock(&self.0) {
            Slot::Set { home, .. } => {
                *home = Arc::clone(to);
                true
            }
            _ => false,
        }
    }
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            heap: Mutex::default(),
            first: AtomicU64::new(NEVER),
            len: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
        }
    }

    /// When the first timer is due, or [`NEVER`].
    #[inline]
    pub(crate) fn first(&self) -> u64 {
        self.first.load(Relaxed)
    }

    /// Sets a timer for `at`. Returns it, and whether it is the first one now: then the caller has
    /// to tell the thread that waits for timers.
    ///
    /// # Errors
    ///
    /// Returns [`Stopped`] if the runtime has stopped.
    pub(crate) fn set(
        self: &Arc<Self>,
        at: u64,
        waker: &Waker,
    ) -> Result<(Arc<Timer>, bool), Stopped> {
        let slot = Slot::Set { waker: waker.clone(), home: Arc::clone(self) };
        let timer = Arc::new(Timer(Mutex::new(slot)));
        let mut heap = lock(&self.heap);
        if heap.stopped {
            return Err(Stopped);
        }
        heap.entries.push(Entry { at, timer: Arc::clone(&timer) });
        let first = at < self.first();
        self.publish(&heap);
        Ok((timer, first))
    }

    /// Publishes what other threads may know without the lock.
    fn publish(&self, heap: &Heap) {
        // bug: first timer not published
        self.first.store(heap.entries.peek().map_or(NEVER, |entry| entry.at), Relaxed);
        self.len.store(heap.entries.len(), Relaxed);
    }

    /// Takes the wakers of timers that are due at `now`, in the order of their times: some, so that
    /// others can take the rest. There are no more if `into` stays empty.
    pub(crate) fn take_due(&self, now: u64, into: &mut Vec<Waker>) {
        if self.first() > now {
            return;
        }
        let mut heap = lock(&self.heap);
        while into.len() < BATCH {
            let Some(entry) = heap.entries.peek_mut().filter(|entry| entry.at <= now) else {
                break;
            };
            let waker = PeekMut::pop(entry).timer.end(Slot::Over);
            self.uncount(usize::from(waker.is_none()));
            into.extend(waker);
        }
        self.publish(&heap);
    }

    /// Removes the first timers as long as they were cancelled, and returns when the next one is
    /// due.
    pub(crate) fn prune(&self) -> u64 {
        let mut heap = lock(&self.heap);
        // bug: thread waits for cancelled timers
        while let Some(entry) = heap.entries.peek_mut().filter(|entry| !entry.timer.is_set()) {
            PeekMut::pop(entry);
            self.uncount(1);
        }
        self.publish(&heap);
        self.first()
    }

    /// Moves all timers to `to`. Returns what `set` and `stop` would: whether one of them is the
    /// first there, and the wakers of those that cannot be moved because the runtime has stopped.
    pub(crate) fn move_to(&self, to: &Arc<Self>) -> (bool, Vec<Waker>) {
        let mut entries = {
            let mut heap = lock(&self.heap);
            self.cancelled.store(0, Relaxed);
            let entries = mem::take(&mut heap.entries);
            self.publish(&heap);
            entries
        };
        if entries.is_empty() {
            return (false, Vec::new());
        }
        entries.retain(|entry| entry.timer.rehome(to));
        let mut heap = lock(&to.heap);
        if heap.stopped {
            drop(heap);
            // bug: moved timer waits for a stopped runtime
            return (false, stop_all(entries));
        }
        let before = to.first();
        heap.entries.append(&mut entries);
        to.publish(&heap);
        (to.first() < before, Vec::new())
    }

    /// Stops all timers, and returns their wakers. Further timers are refused.
    pub(crate) fn stop(&self) -> Vec<Waker> {
        let entries = {
            let mut heap = lock(&self.heap);
            heap.stopped = true;
            let entries = mem::take(&mut heap.entries);
            self.publish(&heap);
            entries
        };
        stop_all(entries)
    }

    fn uncount(&self, cancelled: usize) {
        self.cancelled.fetch_sub(cancelled, Relaxed);
    }

    /// Counts a timer that was cancelled. Cleans the heap if many were, unless it is in use.
    fn count_cancelled(&self) {
        let cancelled = self.cancelled.fetch_add(1, Relaxed).wrapping_add(1) as isize;
        let len = self.len.load(Relaxed) as isize;
        // bug: cancelled timers pile up
        if cancelled > FEW && 2 * cancelled > len {
            if let Ok(mut heap) = self.heap.try_lock() {
                self.clean(&mut heap);
            }
        }
    }

    /// Removes the timers that were cancelled.
    fn clean(&self, heap: &mut MutexGuard<'_, Heap>) {
        let before = heap.entries.len();
        heap.entries.retain(|entry| entry.timer.is_set());
        let len = heap.entries.len();
        heap.entries.shrink_to(2 * len);
        self.uncount(before - len);
        self.publish(heap);
    }

    /// Frees room that the entries do not need.
    pub(crate) fn trim(&self) {
        let mut heap = lock(&self.heap);
        let len = heap.entries.len();
        heap.entries.shrink_to(2 * len);
    }

    /// The number of entries.
    #[cfg(test)]
    #[allow(dead_code, reason = "not for all builds")]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }
}

/// When the first timer of `all` is due, without those that were cancelled; or [`NEVER`].
pub(crate) fn first_set<'a, I>(all: impl Fn() -> I) -> u64
where
    I: Iterator<Item = &'a Arc<Timers>>,
{
    loop {
        let first = all().map(|timers| (timers.first(), timers)).min_by_key(|&(at, _)| at);
        // `at` is not read again: after these timers were fired, it would say nothing about the others.
        // bug: first timer read twice
        let Some((at, timers)) = first else { return NEVER };
        if at == NEVER || timers.prune() <= at {
            return at;
        }
    }
}

fn stop_all(entries: BinaryHeap<Entry>) -> Vec<Waker> {
    entries.into_iter().filter_map(|entry| entry.timer.end(Slot::Stopped)).collect()
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("len", &self.len).finish()
    }
}
