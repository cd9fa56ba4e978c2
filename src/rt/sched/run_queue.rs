//! The run queue of one P: a ring, and the slot of the task that runs next.
//!
//! The ring is Go's (`runqput`, `runqget` and `runqgrab` in its proc.go). Its one producer, the
//! thread that has the P, pushes at the tail. The producer and thieves take at the head. Thieves
//! *copy, then claim*: they read slots speculatively, and discard what they have read unless the
//! compare-exchange of the head shows that it was still there. Slots are atomic and hold pointers
//! that no thread dereferences before its claim, so there is no data race. The indices count over
//! the whole word, so an index that a thief remembers does not come round again in the meantime.

use std::fmt;

use super::ready::Ready;
use crate::sync::{
    AcqRel, Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, full_swap, spin_loop, test_size,
};

/// Slots of a ring.
pub(crate) const LEN: usize = test_size(256, 4);

/// The largest number of tasks that move at once: half a ring.
pub(crate) const BATCH: usize = LEN / 2;

pub(crate) struct RunQueue {
    /// The index of the next task to be taken. Advanced by the thread that takes.
    head: AtomicUsize,
    /// The index of the next free slot. Written by the producer alone.
    tail: AtomicUsize,
    slots: Box<[AtomicPtr<()>]>,
}

/// Tasks on their way from one queue to another.
pub(crate) struct Batch {
    len: usize,
    tasks: [*mut (); BATCH],
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self { len: 0, tasks: [std::ptr::null_mut(); BATCH] }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Ready> {
        self.tasks[..self.len].iter().map(|&task| Ready::new(task).expect("was pushed"))
    }
}

impl RunQueue {
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            slots: (0..LEN).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
        }
    }

    #[inline]
    fn slot(&self, index: usize) -> &AtomicPtr<()> {
        &self.slots[index % LEN]
    }

    /// Returns whether the ring was empty at some moment of the call. Any thread may call this.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of tasks, now or a moment ago; at most the size of the ring.
    pub(crate) fn len(&self) -> usize {
        // In this order, so that a task that is taken meanwhile does not make the ring look empty.
        // Acquire: pairs with the Release of the thread that has advanced the head, so that the
        // tail is not behind it.
        let head = self.head.load(Acquire);
        let tail = self.tail.load(Relaxed);
        tail.wrapping_sub(head).min(LEN)
    }

    /// Pushes a task at the tail.
    ///
    /// # Errors
    ///
    /// Returns the task if the ring is full.
    ///
    /// # Safety
    ///
    /// The caller is the producer.
    #[inline]
    pub(crate) unsafe fn push(&self, task: Ready) -> Result<(), Ready> {
        let tail = self.tail.load(Relaxed);
        // Acquire: pairs with the Release of `claim`, so that the old content of the slot has been
        // read.
        let read = self.head.load(Acquire);
        if tail.wrapping_sub(read) >= LEN {
            return Err(task);
        }
        self.slot(tail).store(task.as_ptr(), Relaxed);
        // Release: pairs with the Acquire of `grab`, so that a thief sees the task.
        // bug: task pushed without release
        self.tail.store(tail.wrapping_add(1), Release);
        Ok(())
    }

    /// Takes the oldest task.
    ///
    /// # Safety
    ///
    /// The caller is the producer.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Option<Ready> {
        let tail = self.tail.load(Relaxed);
        let mut head = self.head.load(Relaxed);
        while head != tail {
            let task = self.slot(head).load(Relaxed);
            // Release: pairs with the Acquire of `len` and `grab`. The content of the slot was
            // stored by this thread itself.
            // bug: owner pops without a claim
            match self.head.compare_exchange_weak(head, head.wrapping_add(1), Release, Relaxed) {
                Ok(_) => return Ready::new(task),
                Err(now) => head = now,
            }
        }
        None
    }

    /// Takes the oldest tasks, in their order, and returns their number: half of the tasks, rounded
    /// up; or, unless `half`, all of them but at most half a ring. Any thread may call this.
    pub(crate) fn grab(&self, half: bool, into: &mut Batch) -> usize {
        loop {
            // Acquire: as in `len`.
            let head = self.head.load(Acquire);
            // Acquire: pairs with the Release of `push`.
            // bug: task stolen without acquire
            let len = self.tail.load(Acquire).wrapping_sub(head);
            if len > LEN {
                // The tail was read at a later moment than the head.
                spin_loop();
                continue;
            }
            // bug: steal takes a third of a queue
            let count = if half { len - len / 2 } else { len.min(BATCH) };
            for i in 0..count {
                into.tasks[i] = self.slot(head.wrapping_add(i)).load(Relaxed);
            }
            if count == 0 || self.claim(head, count) {
                into.len = count;
                return count;
            }
            spin_loop();
        }
    }

    /// Advances the head by `count`, if it is still at `head`.
    fn claim(&self, head: usize, count: usize) -> bool {
        let next = head.wrapping_add(count);
        // Release: pairs with the Acquire of `push`, which may use the slots again after that, and
        // with that of `len` and `grab`.
        // bug: task taken by two
        self.head.compare_exchange(head, next, Release, Relaxed).is_ok()
    }

    /// Pushes stolen tasks to an empty ring, except for the last one, which is returned for the
    /// thief to run.
    ///
    /// # Safety
    ///
    /// The caller is the producer.
    pub(crate) unsafe fn keep(&self, batch: &Batch) -> Option<Ready> {
        let mut last = None;
        for task in batch.iter() {
            if let Some(before) = last.replace(task) {
                // SAFETY: passed on.
                let kept = unsafe { self.push(before) };
                debug_assert!(kept.is_ok(), "a thief's own ring is empty");
            }
        }
        last
    }
}

impl fmt::Debug for RunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunQueue").field("len", &self.len()).finish()
    }
}

/// The slot of the task that runs next (Go's `runnext`): the one that the running task woke or
/// spawned last. That task is likely to find in the cache what the running one has left there, and
/// the two share a slice of time.
///
/// Thieves may take it as well, so that it does not wait behind a poll that does not return.
#[derive(Debug)]
pub(crate) struct RunNext(AtomicPtr<()>);

impl RunNext {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Puts a task here, and returns the one that it replaces.
    ///
    /// This is also the first half of *submit against park*: what comes after it in the SeqCst
    /// order is a look at whether a thread has to be woken.
    #[inline]
    pub(crate) fn put(&self, task: Ready) -> Option<Ready> {
        // A Release, too: pairs with the Acquire of `take`.
        // bug: submit without a fence
        Ready::new(full_swap(&self.0, task.as_ptr()))
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Ready> {
        if self.0.load(Relaxed).is_null() {
            return None;
        }
        // Acquire: pairs with the Release in `put`. Release: a thread that then finds the slot
        // empty, in `is_empty`, sees what the producer has pushed to the ring before.
        // bug: next task taken by two
        Ready::new(self.0.swap(std::ptr::null_mut(), AcqRel))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire: pairs with the Release of `take`.
        self.0.load(Acquire).is_null()
    }
}

/// The order in which a thief visits the other Ps: each once, from a random start, at a stride that
/// is coprime to their number. As in Go's `randomOrder`.
#[derive(Debug)]
pub(crate) struct StealOrder {
    len: usize,
    left: usize,
    at: usize,
    stride: usize,
}

impl StealOrder {
    /// An order of the indices below `len`, chosen by `random`.
    pub(crate) fn new(len: usize, random: u32) -> Self {
        let len = len.max(1);
        let random = random as usize;
        let mut stride = 1 + random / len % len;
        while gcd(stride, len) != 1 {
            stride = stride % len + 1;
        }
        Self { len, left: len, at: random % len, stride }
    }
}

/// The greatest common divisor.
fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Iterator for StealOrder {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        self.at = (at + self.stride) % self.len;
        Some(at)
    }
}
