//! The gate of a pool's manager: the end of the pool waits for the calls that owned guards are making.
//!
//! A pool owns its manager, and another thread may drop the pool while it drops an owned guard. So each
//! call of the manager by an owned guard passes the gate, which the end of the pool closes. Other calls
//! need no gate, because they borrow the pool.

use std::{cell::Cell, thread::sleep, time::Duration};

use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, spin_loop};

/// Set when the gate is closed.
const CLOSED: usize = 1;

/// Set if a call may never end before the end of the pool: in a forked child, if a thread of the parent
/// was in it at the fork, or if the call itself ends the pool.
const STUCK: usize = 2;

/// One call, in the state.
const CALL: usize = 4;

/// After this number of looks at the calls, the end of a pool sleeps between them.
const LOOKS: usize = 1000;

const PAUSE: Duration = Duration::from_micros(100);

std::thread_local! {
    /// The number of calls that the thread is making, of any managers.
    static NESTED: Cell<usize> = const { Cell::new(0) };
}

/// What became of a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It may be called.
    Open,
    /// It has ended.
    Closed,
    /// It is leaked, because it may be in a call.
    Stuck,
}

/// Counts the calls of a manager by owned guards.
#[derive(Debug)]
pub(crate) struct Gate(AtomicUsize);

/// A call that has passed the gate. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Call<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Begins a call. Returns `None` if the gate is closed.
    pub(crate) fn pass(&self) -> Option<Call<'_>> {
        // Relaxed: a call that finds the gate open comes before `close` in the order of the state, so
        // `close` waits for it. What the call reads was written before its guard was made.
        let call = (self.0.fetch_add(CALL, Relaxed) & CLOSED == 0).then(|| Call(self));
        // bug: call of a manager that is gone
        if call.is_none() {
            self.0.fetch_sub(CALL, Relaxed);
            return None;
        }
        NESTED.set(NESTED.get() + 1);
        call
    }

    /// Closes the gate and waits until all calls have ended. Returns `false` without waiting if the
    /// calling thread may be making one of them, or a thread of the parent of this forked process.
    pub(crate) fn close(&self) -> bool {
        self.0.fetch_or(CLOSED, Relaxed);
        for look in 0.. {
            // Acquire: pairs with the Release of `Call::drop`.
            // bug: manager dropped beside a call
            if self.0.load(Acquire) == CLOSED {
                break;
            }
            if NESTED.get() > 0 || self.0.load(Relaxed) & STUCK != 0 {
                self.0.fetch_or(STUCK, Relaxed);
                return false;
            }
            spin_loop();
            if look > LOOKS {
                sleep(PAUSE);
            }
        }
        true
    }

    /// Notes, in a child process after a fork, that calls of the parent's threads never end.
    pub(crate) fn reset_after_fork(&self) {
        if self.0.load(Relaxed) >= CALL {
            self.0.fetch_or(STUCK, Relaxed);
        }
    }

    /// Returns the state. Called by the thread that owns the gate.
    pub(crate) fn state(&self) -> State {
        match self.0.load(Relaxed) {
            state if state & STUCK != 0 && state & CLOSED != 0 => State::Stuck,
            state if state & CLOSED != 0 => State::Closed,
            _ => State::Open,
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        NESTED.set(NESTED.get() - 1);
        // Release: pairs with the Acquire of `close`.
        // bug: call ends without release
        self.0.0.fetch_sub(CALL, Release);
    }
}
