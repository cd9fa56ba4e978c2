//! P: the right to run tasks. A P has a run queue, and a seat of the pools.

use std::{mem, ptr, sync::Arc};

use super::{
    owned::Owned,
    ready::Ready,
    run_queue::{RunNext, RunQueue},
    timers::Timers,
};
use crate::{
    collect::{
        collect::vacate,
        join::{attach_seat, detach_seat},
    },
    seat::{seat::Seat, table::Seats},
    sync::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Mutex, Relaxed, lock::lock},
    util::counter::Counter,
};

/// The states of a P. All changes except those between RUNNING and BLOCKING are made under the
/// scheduler's lock.
pub(crate) mod state {
    /// No thread has the P.
    pub(crate) const IDLE: u32 = 0;
    /// A thread polls tasks with it, or looks for some.
    pub(crate) const RUNNING: u32 = 1;
    /// As RUNNING, inside `blocking`.
    pub(crate) const BLOCKING: u32 = 2;
    /// Its thread is stuck in a poll and has been replaced. The thread keeps the P, its seat and
    /// its index until that poll returns.
    pub(crate) const DETACHED: u32 = 3;
    /// As DETACHED, because the runtime is shut down.
    pub(crate) const STOPPED: u32 = 4;
    /// As DETACHED, because the number of workers was reduced.
    pub(crate) const SURPLUS: u32 = 5;
}

/// What the thread of a P was doing at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(usize);

impl Tick {
    /// The polls that have begun.
    #[inline]
    pub(crate) fn polls(self) -> usize {
        self.0 / 2
    }

    /// Whether a poll was in progress.
    pub(crate) fn is_poll(self) -> bool {
        self.0 % 2 == 0
    }
}

/// Aligned to cache lines of its own, since its thread writes it with every poll.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct P {
    pub(crate) id: usize,
    pub(crate) state: AtomicU32,
    /// Twice the number of polls that have begun, plus one while the thread looks for a task or has
    /// not started yet. Written by that thread; under the lock while there is none.
    tick: AtomicUsize,
    /// The number of slices that have begun. A task that comes from `next` continues the slice of
    /// the task that put it there.
    pub(crate) slice: AtomicU32,
    /// The current slice has lasted too long.
    pub(crate) expired: AtomicBool,
    /// The P was replaced inside `blocking`. Written under the lock.
    pub(crate) blocked: AtomicBool,
    /// The thread is in a call that seldom blocks: see `set_calling`.
    calls: AtomicBool,
    pub(crate) next: RunNext,
    pub(crate) queue: RunQueue,
    /// The timers that were set on this P. They stay here while no thread has it.
    pub(crate) timers: Arc<Timers>,
    pub(crate) counts: TaskCounts,
    pub(crate) spent: Spent,
    /// The unfinished tasks that were spawned with this P.
    pub(crate) owned: Owned,
    /// The name of the task that is polled, if it has one.
    task_name: Mutex<Option<&'static str>>,
    /// The seat while no thread has the P, or while its thread does not poll. Otherwise null: the
    /// seat is the thread's current one.
    seat: AtomicPtr<Seat>,
}

/// The operations of the poll in progress. Used only by the thread that has the P.
#[derive(Debug)]
pub(crate) struct Spent {
    count: AtomicUsize,
    /// The polls when counting began.
    polls: AtomicUsize,
}

impl Spent {
    fn new() -> Self {
        Self { count: AtomicUsize::new(0), polls: AtomicUsize::new(0) }
    }

    #[inline]
    pub(crate) fn add(&self) {
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
    }

    /// Returns whether at least `most` operations were done in the poll with the number `polls`.
    /// Begins again if so, and in a new poll.
    #[inline]
    pub(crate) fn is_used_up(&self, polls: usize, most: usize) -> bool {
        let same = self.polls.load(Relaxed) == polls;
        let more = same && self.count.load(Relaxed) >= most;
        if more || !same {
            self.polls.store(polls, Relaxed);
            self.count.store(0, Relaxed);
        }
        more
    }
}

/// Written only by the thread that has the P.
#[derive(Debug, Default)]
pub(crate) struct TaskCounts {
    pub(crate) spawned: Counter,
    pub(crate) finished: Counter,
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
    /// How often timers were fired.
    firings: Counter,
}

impl P {
    pub(crate) fn new(id: usize) -> Self {
        Self {
            id,
            state: AtomicU32::new(state::IDLE),
            tick: AtomicUsize::new(1),
            slice: AtomicU32::new(0),
            expired: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            calls: AtomicBool::new(false),
            next: RunNext::new(),
            queue: RunQueue::new(),
            timers: Arc::new(Timers::new()),
            counts: TaskCounts::default(),
            spent: Spent::new(),
            owned: Owned::new(),
            task_name: Mutex::new(None),
            seat: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The number of tasks that wait here.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len() + usize::from(!self.next.is_empty())
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.next.is_empty() || !self.queue.is_empty()
    }

    /// Takes the oldest task of the queue, or else the next one.
    ///
    /// # Safety
    ///
    /// The calling thread has the P.
    pub(crate) unsafe fn pop(&self) -> Option<Ready> {
        // SAFETY: passed on.
        unsafe { self.queue.pop() }.or_else(|| self.next.take())
    }

    pub(crate) fn tick(&self) -> Tick {
        Tick(self.tick.load(Relaxed))
    }

    #[inline]
    pub(crate) fn begin_poll(&self) {
        self.tick.store((self.tick.load(Relaxed) | 1).wrapping_add(1), Relaxed);
    }

    /// Begins to fire timers, which is watched like a poll: wakers are foreign code.
    pub(crate) fn begin_firing(&self) {
        self.counts.firings.count();
        self.begin_poll();
    }

    /// The number of polls of tasks that have begun.
    pub(crate) fn polls(&self) -> u64 {
        let firings = self.counts.firings.get();
        (self.tick().polls() as u64).saturating_sub(firings)
    }

    /// Marks that no poll is in progress.
    pub(crate) fn begin_search(&self) {
        self.tick.store(self.tick.load(Relaxed) | 1, Relaxed);
    }

    pub(crate) fn state(&self) -> u32 {
        self.state.load(Relaxed)
    }

    /// The state as sysmon and the metrics take it: a call that seldom blocks counts as BLOCKING.
    pub(crate) fn watched_state(&self) -> u32 {
        match self.state() {
            state::RUNNING if self.is_calling() => state::BLOCKING,
            state => state,
        }
    }

    /// Whether the thread is in a call that seldom blocks.
    pub(crate) fn is_calling(&self) -> bool {
        self.calls.load(Relaxed)
    }

    /// Sets whether the thread is in a call that seldom blocks, so that the state is not worth a
    /// change. Returns whether it was. Called by that thread.
    #[cfg(feature = "net")]
    #[inline]
    pub(crate) fn set_calling(&self, calls: bool) -> bool {
        let before = self.is_calling();
        self.calls.store(calls, Relaxed);
        before
    }

    /// Changes the state to `to` if it is `from`, and returns whether it was. A caller that depends
    /// on more than the state holds the scheduler's lock.
    pub(crate) fn change(&self, from: u32, to: u32) -> bool {
        // bug: mark of sysmon erased
        self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
    }

    /// Sets the name of the task that is polled. Returns the name before. Called by the thread that has
    /// the P.
    pub(crate) fn set_task_name(&self, name: Option<&'static str>) -> Option<&'static str> {
        mem::replace(&mut *lock(&self.task_name), name)
    }

    /// Returns the name of the task that is polled at `tick`, if it has one, and if that poll has not
    /// ended.
    pub(crate) fn task_name(&self, tick: Tick) -> Option<&'static str> {
        let name = *lock(&self.task_name);
        // If it is that of a later poll, the lock has made the later tick visible.
        // bug: name of a later task reported
        name.filter(|_| self.tick() == tick)
    }

    /// Moves the seat from the P to the calling thread, which has just got the P.
    pub(crate) fn attach_seat(&self) {
        // bug: seat given away with its P
        let seat = self.seat.swap(ptr::null_mut(), Relaxed);
        // SAFETY: seats are never freed. The thread that had the P has forgotten the seat, and the
        // lock under which the P was passed on makes what that thread did visible to this one.
        unsafe { attach_seat(seat.as_ref()) };
    }

    /// Moves the seat from the calling thread to the P, which the thread is about to give up. If
    /// the P had no seat, it is the one that the thread got at its first use of a pool.
    pub(crate) fn detach_seat(&self) {
        let seat = detach_seat().map_or(ptr::null_mut(), |seat| ptr::from_ref(seat).cast_mut());
        self.seat.store(seat, Relaxed);
    }
}

impl Drop for P {
    fn drop(&mut self) {
        // SAFETY: seats are never freed.
        if let Some(seat) = unsafe { self.seat.load(Relaxed).as_ref() } {
            vacate(seat);
            // SAFETY: no thread has the P, so no thread uses the seat.
            // bug: seat lost with its P
            unsafe { Seats::process().leave(seat) };
        }
    }
}
