//! P: the right to run tasks. It has a run queue, and a seat of the pools.

use std::ptr;

use super::runq::{Next, Ready, RunQueue};
use crate::{
    collect::{
        collect::vacate,
        join::{attach_seat, detach_seat},
    },
    seat::{seat::Seat, table::Seats},
    sync::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Relaxed},
    util::counters::Counter,
};

/// What a P is about. All changes but those between RUNNING and BLOCKING are made under the
/// scheduler's lock.
pub(crate) mod state {
    /// No thread has it.
    pub(crate) const IDLE: u32 = 0;
    /// A thread polls tasks with it, or looks for some.
    pub(crate) const RUNNING: u32 = 1;
    /// As RUNNING, inside `blocking`.
    pub(crate) const BLOCKING: u32 = 2;
    /// Its thread is stuck in a poll and has been replaced. It keeps the P, its seat and its index
    /// until that poll returns.
    pub(crate) const DETACHED: u32 = 3;
    /// As DETACHED, because the runtime is shut down.
    pub(crate) const STOPPED: u32 = 4;
    /// As DETACHED, because there are to be fewer workers.
    pub(crate) const SURPLUS: u32 = 5;
}

/// What the thread of a P was at, at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(usize);

impl Tick {
    #[inline]
    pub(crate) fn polls(self) -> usize {
        self.0 / 2
    }

    /// Whether a poll was under way.
    pub(crate) fn is_poll(self) -> bool {
        self.0 % 2 == 0
    }
}

/// On lines of its own, since its thread writes it with every poll.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct P {
    pub(crate) id: usize,
    pub(crate) state: AtomicU32,
    /// Twice the polls that have begun, and one more while the thread looks for a task, or is yet to
    /// run. Written by that thread, and under the lock while there is none.
    tick: AtomicUsize,
    /// Slices that have begun: a task that comes from `next` goes on with the slice of the one that
    /// put it there.
    pub(crate) slice: AtomicU32,
    /// The slice has lasted too long.
    pub(crate) expired: AtomicBool,
    pub(crate) next: Next,
    pub(crate) queue: RunQueue,
    pub(crate) counts: Counts,
    /// While no thread has the P, or the one that has it is not polling. Else the thread knows.
    seat: AtomicPtr<Seat>,
}

/// Written by the thread that has the P alone.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) spawned: Counter,
    pub(crate) finished: Counter,
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
}

impl P {
    pub(crate) fn new(id: usize) -> Self {
        Self {
            id,
            state: AtomicU32::new(state::IDLE),
            tick: AtomicUsize::new(1),
            slice: AtomicU32::new(0),
            expired: AtomicBool::new(false),
            next: Next::new(),
            queue: RunQueue::new(),
            counts: Counts::default(),
            seat: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Tasks that wait here.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len() + usize::from(!self.next.is_empty())
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.next.is_empty() || !self.queue.is_empty()
    }

    /// Takes the oldest task, as the thread that has the P.
    ///
    /// # Safety
    ///
    /// The caller is that thread.
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

    /// No poll is under way.
    pub(crate) fn begin_search(&self) {
        self.tick.store(self.tick.load(Relaxed) | 1, Relaxed);
    }

    pub(crate) fn state(&self) -> u32 {
        self.state.load(Relaxed)
    }

    /// Goes from one state to another, if it is in the first. Whoever depends on more than the state
    /// holds the scheduler's lock.
    pub(crate) fn change(&self, from: u32, to: u32) -> bool {
        // bug: mark of sysmon erased
        self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
    }

    /// The seat passes to the calling thread, which has come to have the P.
    pub(crate) fn sit(&self) {
        // bug: seat given away with its P
        let seat = self.seat.swap(ptr::null_mut(), Relaxed);
        // SAFETY: seats are never freed. The thread that had the P has forgotten it, and the lock
        // under which the P was passed on makes what that thread did seen by this one.
        unsafe { attach_seat(seat.as_ref()) };
    }

    /// The seat stays with the P, which the calling thread is about to leave. It is that of the
    /// thread's first use of a pool, if the P had none.
    pub(crate) fn stand(&self) {
        let seat = detach_seat().map_or(ptr::null_mut(), |seat| ptr::from_ref(seat).cast_mut());
        self.seat.store(seat, Relaxed);
    }
}

impl Drop for P {
    fn drop(&mut self) {
        // SAFETY: seats are never freed.
        if let Some(seat) = unsafe { self.seat.load(Relaxed).as_ref() } {
            vacate(seat);
            // SAFETY: no thread has the P, so that nobody else knows of the seat.
            // bug: seat lost with its P
            unsafe { Seats::process().leave(seat) };
        }
    }
}
