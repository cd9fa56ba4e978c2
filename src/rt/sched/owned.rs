//! The unfinished tasks of a runtime, so that its end can drop those that wait.
//!
//! Each P lists the tasks that were spawned on it, and one more list has those from outside. A list
//! consists of *slots*, in segments. Its one owner, the thread that has the P, takes free slots at a
//! cursor, without a read-modify-write. A task frees its slot when its future has been dropped, on
//! any thread, and touches nothing else of the list. So spawning costs no lock, and neither does
//! ending.
//!
//! # Visit against end
//!
//! The end of the runtime *visits* all tasks, to have them scheduled for their drop. It *claims* a
//! slot for as long as it uses the task. A task that ends at that time waits before it frees the
//! slot, so that its memory is not freed before the visitor has a reference of its own.
//!
//! # Segments
//!
//! A segment that is not the owner's may be freed, by any thread that has the lock, when all of its
//! slots are free: no task knows it then. The cursor passes by segments that are more than half
//! full. So there are at most about twice as many slots as there have been tasks at a time; and
//! [`Owned::trim`] frees what is left when those have ended.

use std::{
    fmt, mem,
    ptr::{self, NonNull},
    sync::Arc,
};

use crate::sync::{
    AcqRel, Acquire, AtomicPtr, Mutex, Relaxed, Release, UnsafeCell, lock::lock, spin_loop,
    test_size,
};

/// Slots of a segment.
pub(crate) const SLOTS: usize = test_size(256, 2);

/// A place for a task: null if it is free.
#[derive(Debug)]
pub(crate) struct Slot(AtomicPtr<()>);

/// The bit that says that a visitor has claimed the slot. Tasks are aligned.
const CLAIMED: usize = 1;

/// A slot that was taken for a task that is not complete yet.
#[inline]
fn reserved() -> *mut () {
    ptr::without_provenance_mut(CLAIMED)
}

#[inline]
fn is_claimed(task: *mut ()) -> bool {
    task.addr() & CLAIMED != 0
}

impl Slot {
    #[inline]
    fn is_free(&self) -> bool {
        // Acquire: pairs with the Release of `free`, after which the segment may be freed.
        self.0.load(Acquire).is_null()
    }

    /// Puts a task into a slot that was reserved for it.
    #[inline]
    pub(crate) fn fill(&self, task: NonNull<()>) {
        // Release: pairs with the Acquire of `visit`, so that the visitor sees the task.
        // bug: task listed before it is complete
        self.0.store(task.as_ptr(), Release);
    }

    /// Frees the slot of a task that has ended, and returns the task, to which the caller has a
    /// reference.
    #[inline]
    pub(crate) fn free(&self) -> Option<NonNull<()>> {
        let mut task = self.0.load(Relaxed);
        loop {
            // bug: task ends under its visitor
            if is_claimed(task) && task != reserved() {
                spin_loop();
                task = self.0.load(Relaxed);
                continue;
            }
            // Acquire: pairs with the Release of `visit`, so that the visitor's reference counts.
            // Release: pairs with the Acquire of `is_free`.
            match self.0.compare_exchange_weak(task, ptr::null_mut(), AcqRel, Relaxed) {
                Ok(_) => return NonNull::new(task),
                Err(now) => task = now,
            }
        }
    }

    /// Calls `f` with the task, if there is one that no other thread visits.
    fn visit<R>(&self, f: impl FnOnce(NonNull<()>) -> R) -> Option<R> {
        let task = self.0.load(Relaxed);
        let ready = NonNull::new(task).filter(|_| !is_claimed(task))?;
        let claimed = task.map_addr(|addr| addr | CLAIMED);
        // Acquire: pairs with the Release of `fill`. If the slot changes now, its task has ended, or
        // another thread visits it.
        self.0.compare_exchange(task, claimed, Acquire, Relaxed).ok()?;
        let result = f(ready);
        // Release: pairs with the Acquire of `free`.
        self.0.store(task, Release);
        Some(result)
    }
}

type Segment = [Slot; SLOTS];

fn segment() -> Arc<Segment> {
    Arc::new(std::array::from_fn(|_| Slot(AtomicPtr::new(ptr::null_mut()))))
}

fn free_slots(segment: &Segment) -> usize {
    segment.iter().filter(|slot| slot.is_free()).count()
}

/// A list of tasks.
pub(crate) struct Owned {
    /// A segment has further references while it is the owner's, or is visited.
    segments: Mutex<Vec<Arc<Segment>>>,
    cursor: UnsafeCell<Cursor>,
}

// SAFETY: the cursor is used by the owner only: see `reserve`.
unsafe impl Sync for Owned {}
// SAFETY: as above.
unsafe impl Send for Owned {}

struct Cursor {
    /// The slot to look at next.
    next: *const Slot,
    /// The end of the slots of the segment.
    end: *const Slot,
    /// The owner's segment.
    segment: Option<Arc<Segment>>,
    /// The place of the segment in the list, when it was taken.
    place: usize,
}

impl Owned {
    pub(crate) fn new() -> Self {
        Self { segments: Mutex::default(), cursor: UnsafeCell::new(Cursor::new()) }
    }

    /// Takes a free slot, which the caller fills or frees. It stays where it is until it is freed.
    ///
    /// # Safety
    ///
    /// The caller is the owner: the thread that has the P.
    #[inline]
    pub(crate) unsafe fn reserve(&self) -> NonNull<Slot> {
        self.cursor.with_mut(|cursor| {
            // SAFETY: passed on.
            let cursor = unsafe { &mut *cursor };
            let slot = match cursor.next() {
                // SAFETY: the cursor keeps the segment.
                Some(slot) if unsafe { slot.as_ref() }.is_free() => slot,
                _ => self.find_free(cursor),
            };
            // Relaxed: other threads make nothing of it.
            // SAFETY: as above.
            unsafe { slot.as_ref() }.0.store(reserved(), Relaxed);
            slot
        })
    }

    /// Moves the cursor past a slot that is free, and returns that.
    #[cold]
    fn find_free(&self, cursor: &mut Cursor) -> NonNull<Slot> {
        loop {
            while let Some(slot) = cursor.next() {
                // SAFETY: the cursor keeps the segment.
                if unsafe { slot.as_ref() }.is_free() {
                    return slot;
                }
            }
            self.advance(cursor);
        }
    }

    /// Moves the cursor to another segment.
    fn advance(&self, cursor: &mut Cursor) {
        let mut segments = lock(&self.segments);
        cursor.leave();
        for _ in 0..2 {
            cursor.place = (cursor.place + 1) % segments.len().max(1);
            let Some(next) = segments.get(cursor.place).filter(|next| is_usable(next)) else {
                continue;
            };
            cursor.enter(Arc::clone(next));
            // One more that is empty is not needed: this one has room for a while.
            let after = (cursor.place + 1) % segments.len();
            if is_unused(&segments[after]) {
                segments.swap_remove(after);
            }
            return;
        }
        let new = segment();
        segments.push(Arc::clone(&new));
        cursor.place = segments.len() - 1;
        cursor.enter(new);
    }

    /// Visits all tasks that were listed before, and calls `f` with what `reference` returns for
    /// each. `reference` runs while the task cannot end, and is short. Any thread may call this.
    pub(crate) fn visit<R>(&self, reference: impl Fn(NonNull<()>) -> R, mut f: impl FnMut(R)) {
        let segments = lock(&self.segments).clone();
        for slot in segments.iter().flat_map(|segment| segment.iter()) {
            if let Some(result) = slot.visit(&reference) {
                f(result);
            }
        }
    }

    /// Returns whether no task is listed.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.segments).iter().all(|segment| segment.iter().all(Slot::is_free))
    }

    /// Frees the segments without tasks, except the owner's. Any thread may call this.
    pub(crate) fn trim(&self) {
        let mut segments = lock(&self.segments);
        segments.retain(|segment| !is_unused(segment));
        let len = segments.len();
        segments.shrink_to(2 * len);
    }

    /// The number of slots, free or not.
    pub(crate) fn capacity(&self) -> usize {
        lock(&self.segments).len() * SLOTS
    }
}

impl Cursor {
    fn new() -> Self {
        Self { next: ptr::null(), end: ptr::null(), segment: None, place: 0 }
    }

    /// Begins with a segment.
    fn enter(&mut self, segment: Arc<Segment>) {
        let slots = segment.as_ptr_range();
        (self.next, self.end) = (slots.start, slots.end);
        self.segment = Some(segment);
    }

    /// Leaves the segment.
    fn leave(&mut self) {
        (self.next, self.end) = (ptr::null(), ptr::null());
        self.segment = None;
    }

    /// Returns the next slot of the segment, which is kept until the cursor leaves it.
    #[inline]
    fn next(&mut self) -> Option<NonNull<Slot>> {
        if self.next == self.end {
            return None;
        }
        let slot = NonNull::new(self.next.cast_mut());
        // SAFETY: the end of the segment, of which this is a slot, comes later.
        self.next = unsafe { self.next.add(1) };
        slot
    }
}

/// The list of the tasks from outside. Its owner is the thread that has the lock.
#[derive(Debug)]
pub(crate) struct Outside {
    owned: Owned,
    owner: Mutex<()>,
}

impl Outside {
    pub(crate) fn new() -> Self {
        Self { owned: Owned::new(), owner: Mutex::new(()) }
    }

    /// As [`Owned::reserve`].
    pub(crate) fn reserve(&self) -> NonNull<Slot> {
        let _owner = lock(&self.owner);
        // SAFETY: the owner.
        unsafe { self.owned.reserve() }
    }

    pub(crate) fn owned(&self) -> &Owned {
        &self.owned
    }
}

/// Returns whether at least half of the slots are free.
fn is_usable(segment: &Segment) -> bool {
    2 * free_slots(segment) >= SLOTS
}

/// Returns whether the segment may be freed: all of its slots are free, and nothing but the list refers to
/// it. The caller holds the list's lock.
fn is_unused(segment: &Arc<Segment>) -> bool {
    // bug: segment of a reserved slot freed
    Arc::strong_count(segment) == 1 && segment.iter().all(Slot::is_free)
}

impl Drop for Owned {
    /// Leaks the segments of tasks that have not ended, which free their slots later. There are none
    /// but in the child of a fork.
    fn drop(&mut self) {
        let segments = self.segments.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        segments.retain(|segment| !segment.iter().all(Slot::is_free));
        mem::take(segments).into_iter().for_each(mem::forget);
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("capacity", &self.capacity()).finish()
    }
}
