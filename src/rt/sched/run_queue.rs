//! The run queue of one P: a ring, and the place of the task that runs next.
//!
//! The ring is Go's. Its one producer, the thread that has the P, pushes at the tail; that thread and
//! thieves take at the head. Thieves *copy, then claim*: they read slots on speculation and throw
//! away what they have read unless the compare-exchange of the head says that it was still there.
//! Slots are atomic and hold pointers that nobody follows before the claim, so that there is no
//! data race; the indices count up over the whole word, so that an index that a thief remembers does
//! not come round again meanwhile.

use std::{fmt, ptr::NonNull};

use crate::sync::{
    AcqRel, Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, full_swap, spin_loop, test_size,
};

/// A task that is ready to run: what `Runnable::into_raw` gives.
pub(crate) type Ready = NonNull<()>;

/// Tasks in a ring.
pub(crate) const LEN: usize = test_size(256, 4);

/// The most that moves at once: half a ring.
pub(crate) const BATCH: usize = LEN / 2;

pub(crate) struct RunQueue {
    /// The next to be taken. Moved on by whoever takes.
    head: AtomicUsize,
    /// Where the next one goes. The producer's.
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
        self.tasks[..self.len].iter().map(|&task| NonNull::new(task).expect("was pushed"))
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

    /// Whether there was nothing at some moment of the call, seen from another thread.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are, or were a moment ago. A full ring at the most.
    pub(crate) fn len(&self) -> usize {
        // In this order, so that what is taken meanwhile does not make it look empty. Acquire: pairs
        // with the Release of whoever has moved it on, so that the tail is not behind it.
        let head = self.head.load(Acquire);
        let tail = self.tail.load(Relaxed);
        tail.wrapping_sub(head).min(LEN)
    }

    /// Puts a task at the end, or gives it back if the ring is full.
    ///
    /// # Safety
    ///
    /// The caller is the producer.
    #[inline]
    pub(crate) unsafe fn push(&self, task: Ready) -> Result<(), Ready> {
        let tail = self.tail.load(Relaxed);
        // Acquire: pairs with the Release of `claim`, so that what was in the slot has been read.
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
            // Release: pairs with the Acquire of `len` and `grab`. What is in the slot this thread has
            // pushed itself.
            // bug: owner pops without a claim
            match self.head.compare_exchange_weak(head, head.wrapping_add(1), Release, Relaxed) {
                Ok(_) => return NonNull::new(task),
                Err(now) => head = now,
            }
        }
        None
    }

    /// Takes half of the tasks, rounded up, or half a ring's worth of as many as there are: the
    /// oldest, in their order. Any thread may.
    pub(crate) fn grab(&self, half: bool, into: &mut Batch) -> usize {
        loop {
            // Acquire: as in `len`.
            let head = self.head.load(Acquire);
            // Acquire: pairs with the Release of `push`.
            // bug: task stolen without acquire
            let len = self.tail.load(Acquire).wrapping_sub(head);
            if len > LEN {
                // The tail is that of a later moment than the head.
                spin_loop();
                continue;
            }
            // bug: queue one too small for half
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

    fn claim(&self, head: usize, count: usize) -> bool {
        let next = head.wrapping_add(count);
        // Release: pairs with the Acquire of `push`, which then may use the slots again, and with
        // that of `len` and `grab`.
        // bug: task taken by two
        self.head.compare_exchange(head, next, Release, Relaxed).is_ok()
    }

    /// Puts stolen tasks into an empty ring, but for the last one, which the thief runs.
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

/// The task that runs next: the one that the running task woke or spawned last. It is likely to find
/// in the cache what that one has left there, and the two share a slice of time.
///
/// Thieves may take it as well, so that it does not wait behind a poll that does not return.
#[derive(Debug)]
pub(crate) struct Next(AtomicPtr<()>);

impl Next {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Puts a task here, and returns the one that was.
    ///
    /// It is also the first half of *submit against park*: what comes after it in the SeqCst order
    /// is a look at whether anybody has to be woken.
    #[inline]
    pub(crate) fn put(&self, task: Ready) -> Option<Ready> {
        // A Release, too: pairs with the Acquire of `take`.
        // bug: submit without a fence
        NonNull::new(full_swap(&self.0, task.as_ptr()))
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Ready> {
        if self.0.load(Relaxed).is_null() {
            return None;
        }
        // Acquire: pairs with the Release in `put`. Release: whoever then finds nothing here, in
        // `is_empty`, sees what the producer has pushed to the ring before.
        // bug: next task taken by two
        NonNull::new(self.0.swap(std::ptr::null_mut(), AcqRel))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire: pairs with the Release of `take`.
        self.0.load(Acquire).is_null()
    }
}

/// The order in which a thief looks at the others: each once, from a random start, at a stride that
/// has no factor in common with their number.
#[derive(Debug)]
pub(crate) struct StealOrder {
    len: usize,
    left: usize,
    at: usize,
    stride: usize,
}

impl StealOrder {
    /// Among so many.
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
