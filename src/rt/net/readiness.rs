//! Whether a source can be read and written, and who waits for that.
//!
//! The system reports changes only: that a source has become ready, once. So the readiness is kept
//! in a word. An event sets bits; an operation that would have blocked clears them.
//!
//! # Clear against set
//!
//! An operation may find nothing just before an event says that there is something. It must not
//! clear that event. So each event advances a tick in the word, and an operation clears only bits of
//! the tick that it has seen before it began.
//!
//! # Wait against set
//!
//! ```text
//! event   set the bits;  lock;  take the wakers
//! wait    lock;  look at the bits again;  add a waker
//! ```
//!
//! If the event has the lock first, the waiting task sees its bits. Otherwise it finds the waker.

use std::{
    mem,
    task::{Poll, Waker},
};

use crate::sync::{Acquire, AtomicUsize, Mutex, Relaxed, Release, lock::lock};

/// The bits of an event, and of what is known of a source.
pub(crate) mod bits {
    pub(crate) const READ: usize = 1;
    pub(crate) const WRITE: usize = 1 << 1;
    /// The other end sends no more, or there is an error.
    pub(crate) const READ_CLOSED: usize = 1 << 2;
    /// The other end takes no more, or there is an error.
    pub(crate) const WRITE_CLOSED: usize = 1 << 3;
    /// Nothing is known yet: an operation may try.
    pub(super) const READ_FRESH: usize = 1 << 4;
    pub(super) const WRITE_FRESH: usize = 1 << 5;
    /// The runtime has ended.
    pub(crate) const ENDED: usize = 1 << 6;
    /// The other end has sent urgent data, at which reads end.
    pub(crate) const URGENT: usize = 1 << 7;
    /// What one event adds.
    pub(super) const TICK: usize = 1 << 8;
}

use bits::{ENDED, READ, READ_CLOSED, READ_FRESH, TICK, URGENT, WRITE, WRITE_CLOSED, WRITE_FRESH};

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// The bits of which one means ready.
    fn ready(self) -> usize {
        match self {
            Self::Read => READ | READ_CLOSED,
            Self::Write => WRITE | WRITE_CLOSED,
        }
    }

    /// The bits of which one means that something may be left after a short transfer.
    fn more(self) -> usize {
        match self {
            // bug: bytes behind urgent ones overlooked
            Self::Read => READ_CLOSED | URGENT,
            Self::Write => WRITE_CLOSED,
        }
    }

    fn fresh(self) -> usize {
        match self {
            Self::Read => READ_FRESH,
            Self::Write => WRITE_FRESH,
        }
    }
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// An event has said that the source is ready.
    Ready,
    /// As `Ready`; or nothing is known, so that an operation should try.
    Unknown,
}

/// The word at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen(usize);

impl Seen {
    /// Whether the runtime has ended.
    pub(crate) fn has_ended(self) -> bool {
        self.0 & ENDED != 0
    }
}

#[derive(Debug)]
pub(crate) struct Readiness {
    word: AtomicUsize,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    read: Queue,
    write: Queue,
    /// The last key that was given.
    last: u64,
}

/// Those that wait for one direction.
#[derive(Debug, Default)]
struct Queue {
    /// The task that polls a stream through a trait, of which there is one.
    slot: Option<Waker>,
    /// Futures, by their keys.
    futures: Vec<(u64, Waker)>,
}

impl Queue {
    fn take_all(&mut self, into: &mut Vec<Waker>) {
        into.extend(self.slot.take());
        into.extend(self.futures.drain(..).map(|(_, waker)| waker));
    }
}

impl Waiters {
    fn queue(&mut self, direction: Direction) -> &mut Queue {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    /// Inserts a waker. Returns the one that it replaces.
    fn insert(
        &mut self,
        direction: Direction,
        key: Option<&mut u64>,
        waker: Waker,
    ) -> Option<Waker> {
        let Some(key) = key else { return self.queue(direction).slot.replace(waker) };
        if *key == 0 {
            self.last += 1;
            *key = self.last;
        }
        let futures = &mut self.queue(direction).futures;
        match futures.iter_mut().find(|(other, _)| other == key) {
            Some((_, before)) => Some(mem::replace(before, waker)),
            None => {
                futures.push((*key, waker));
                None
            }
        }
    }
}

impl Readiness {
    /// The readiness of a new source. If it is `fresh`, an operation may try before the first event.
    pub(crate) fn new(fresh: bool) -> Self {
        let word = if fresh { READ_FRESH | WRITE_FRESH } else { 0 };
        Self { word: AtomicUsize::new(word), waiters: Mutex::default() }
    }

    /// Returns what is known now.
    pub(crate) fn look(&self) -> Seen {
        // Acquire: pairs with the Release in `set`, so that an operation finds what the event reports.
        Seen(self.word.load(Acquire))
    }

    /// Returns what is known if that is enough for `direction`, or if the runtime has ended.
    fn look_for(&self, direction: Direction, until: Until) -> Option<Seen> {
        let fresh = if until == Until::Unknown { direction.fresh() } else { 0 };
        let seen = self.look();
        (seen.0 & (direction.ready() | fresh | ENDED) != 0).then_some(seen)
    }

    /// Waits. Pending means that the waker will be called. `key` is that of the waiting future, or 0
    /// before it waits for the first time; without one, the waker goes to the direction's only slot.
    pub(crate) fn poll(
        &self,
        direction: Direction,
        until: Until,
        key: Option<&mut u64>,
        waker: &Waker,
    ) -> Poll<Seen> {
        if let Some(seen) = self.look_for(direction, until) {
            return Poll::Ready(seen);
        }
        // Cloned before the lock, since it is foreign code.
        let clone = waker.clone();
        let in_slot = key.is_none();
        let mut waiters = lock(&self.waiters);
        // bug: readiness not looked at again before the wait
        if let Some(seen) = self.look_for(direction, until) {
            return Poll::Ready(seen);
        }
        let before = waiters.insert(direction, key, clone);
        // Unlocked before more of it runs.
        drop(waiters);
        if let Some(before) = before {
            // Another task has waited here. It is told, since nothing else would wake it.
            // bug: task that is replaced as the waiting one is forgotten
            if in_slot && !before.will_wake(waker) {
                before.wake();
            }
        }
        Poll::Pending
    }

    /// The future with the key `key` waits no more.
    pub(crate) fn forget(&self, direction: Direction, key: u64) {
        let mut waiters = lock(&self.waiters);
        let futures = &mut waiters.queue(direction).futures;
        // bug: waker of another future forgotten
        let place = futures.iter().position(|(other, _)| *other == key);
        let waker = place.map(|place| futures.swap_remove(place));
        drop(waiters);
        drop(waker);
    }

    /// Records an event, and takes the wakers of those that it concerns.
    pub(crate) fn set(&self, event: usize, into: &mut Vec<Waker>) {
        // bug: event without a tick
        let next = |word: usize| Some((word | event).wrapping_add(TICK));
        // Release: pairs with the Acquire in `look`. `next` always returns a word.
        let _ = self.word.fetch_update(Release, Relaxed, next);
        let mut waiters = lock(&self.waiters);
        for direction in [Direction::Read, Direction::Write] {
            if event & (direction.ready() | ENDED) != 0 {
                waiters.queue(direction).take_all(into);
            }
        }
    }

    /// An operation that began after `seen` would have blocked: the source is not ready, unless an
    /// event has come meanwhile.
    pub(crate) fn clear(&self, direction: Direction, seen: Seen) {
        let mask = direction.ready() | direction.fresh();
        let mut word = seen.0;
        // Not another tick, but perhaps bits of the other direction.
        // bug: newer event cleared
        while word / TICK == seen.0 / TICK {
            match self.word.compare_exchange(word, word & !mask, Relaxed, Relaxed) {
                Ok(_) => return,
                // bug: clear lost to the other direction
                Err(now) => word = now,
            }
        }
    }

    /// As `clear`, after an operation that has done a part. If the other end has closed its side, no
    /// event follows, and the next operation must find that out. Nor does one for bytes that have come
    /// behind urgent ones.
    pub(crate) fn clear_if_last(&self, direction: Direction, seen: Seen) {
        // bug: end of a stream overlooked after its last bytes
        if seen.0 & direction.more() == 0 {
            self.clear(direction, seen);
        }
    }
}

/// A future's place among those that wait. It is given up by the drop.
#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    readiness: &'a Readiness,
    direction: Direction,
    key: u64,
}

impl<'a> Waiter<'a> {
    pub(crate) fn new(readiness: &'a Readiness, direction: Direction) -> Self {
        Self { readiness, direction, key: 0 }
    }

    pub(crate) fn key(&mut self) -> &mut u64 {
        &mut self.key
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.key != 0 {
            self.readiness.forget(self.direction, self.key);
        }
    }
}
