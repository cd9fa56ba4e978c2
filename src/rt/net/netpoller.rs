//! The netpoller: asks the system which sources are ready, and wakes the tasks that wait for them.
//! After Go's netpoll.go.
//!
//! It has no thread of its own. Threads that have nothing else to do poll, one at a time.

use std::{
    fmt, io,
    sync::{Mutex, TryLockError},
    task::Waker,
    time::Duration,
};

use mio::{
    Events, Interest, Poll, Registry, Token,
    event::{Event, Source},
};

use super::{
    forks,
    readiness::{
        Readiness,
        bits::{READ, READ_CLOSED, URGENT, WRITE, WRITE_CLOSED},
    },
    sources::{Refused, Sources},
    wait,
};
use crate::{
    sync::{AcqRel, AtomicBool, lock::lock_std},
    util::panics::wake_all,
};

/// How many events the system reports in one call. As in Go.
const EVENTS: usize = 128;

/// The token of the waker. No source has it.
const WAKE: Token = Token(usize::MAX);

/// The message of operations after the end of the socket's runtime.
const ENDED: &str = "the corepool runtime of this socket has ended";

/// The message of operations in the child of a fork.
const FORKED: &str =
    "the corepool runtime of this socket is in another process: this one has been forked";

pub(crate) struct NetPoller {
    polling: Mutex<Polling>,
    registry: Registry,
    waker: mio::Waker,
    /// `wake` was called, and the poll that it ends has not noticed yet.
    woken: AtomicBool,
    sources: Sources,
    /// See `forks`.
    forks: usize,
}

/// What the polling thread uses.
struct Polling {
    poll: Poll,
    events: Events,
}

impl NetPoller {
    /// # Errors
    ///
    /// Returns the system's error, for example if the process has too many open files.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        Ok(Self {
            registry: poll.registry().try_clone()?,
            waker: mio::Waker::new(poll.registry(), WAKE)?,
            polling: Mutex::new(Polling { poll, events: Events::with_capacity(EVENTS) }),
            woken: AtomicBool::new(false),
            sources: Sources::default(),
            forks: forks::count(),
        })
    }

    /// Waits until a source is ready, until [`wake`](Self::wake), or for `timeout`; `None` waits without
    /// limit. Adds the wakers of the tasks that wait for what has become ready to `ready`; the caller
    /// calls them. One thread at a time calls this. It may return early, if a signal comes.
    pub(crate) fn poll(&self, timeout: Option<Duration>, ready: &mut Vec<Waker>) {
        // Other threads poll without waiting, and unlock soon.
        let mut polling = lock_std(&self.polling);
        // One of them may have taken the event of a wake-up. It has left the mark.
        // Pairs with the swap in `wake`.
        // bug: wake-up lost to a poll that does not wait
        let timeout = if self.woken.swap(false, AcqRel) { Some(Duration::ZERO) } else { timeout };
        let Polling { poll, events } = &mut *polling;
        let timeout = wait::wait(poll, timeout);
        // It fails if a signal comes; other errors would be those of wrong arguments.
        if poll.poll(events, timeout).is_err() {
            return;
        }
        if events.iter().any(|event| event.token() == WAKE) {
            // As above. This saves the next poll an early return.
            self.woken.swap(false, AcqRel);
        }
        self.set(events, ready);
    }

    /// As [`poll`](Self::poll), without waiting. Does nothing if another thread polls. A wake-up remains
    /// for the thread that waits.
    pub(crate) fn poll_now(&self, ready: &mut Vec<Waker>) {
        let mut polling = match self.polling.try_lock() {
            Ok(polling) => polling,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Polling { poll, events } = &mut *polling;
        if poll.poll(events, Some(Duration::ZERO)).is_ok() {
            self.set(events, ready);
        }
    }

    fn set(&self, events: &Events, ready: &mut Vec<Waker>) {
        self.sources.set(events.iter().map(|event| (event.token().0, bits(event))), ready);
    }

    /// Ends the poll in progress, or else the next one. What happened before the call is visible to
    /// the thread whose poll it ends.
    pub(crate) fn wake(&self) {
        // Pairs with the swaps in `poll`.
        if !self.woken.swap(true, AcqRel) {
            // Fails only if the system lacks memory. Then the next call tries again.
            if self.waker.wake().is_err() {
                self.woken.swap(false, AcqRel);
            }
        }
    }

    /// Adds a source. Returns its token, by which it is removed.
    ///
    /// # Errors
    ///
    /// If the runtime has ended, or if the system refuses.
    pub(crate) fn register(
        &self,
        source: &mut impl Source,
        interest: Interest,
        readiness: &std::sync::Arc<Readiness>,
    ) -> io::Result<usize> {
        self.check()?;
        let token = self.sources.insert(readiness).map_err(|refused| match refused {
            Refused::Ended => ended(),
            Refused::Full => io::Error::other("there are too many sockets"),
        })?;
        self.registry
            .register(source, Token(token), interest)
            .inspect_err(|_| self.sources.remove(token))?;
        Ok(token)
    }

    /// Removes a source.
    pub(crate) fn deregister(&self, source: &mut impl Source, token: usize) {
        // In the child of a fork this would remove the parent's source, and the lock may have been
        // held during the fork.
        // bug: child removes a source of its parent
        if self.check().is_ok() {
            // An error says that there is no such source.
            let _ = self.registry.deregister(source);
            self.sources.remove(token);
        }
    }

    /// Returns an error in the child of a fork, where the poller must not be used.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.forks == forks::count() { Ok(()) } else { Err(io::Error::other(FORKED)) }
    }

    /// The runtime ends: all sources are marked, all waiting tasks are woken, and the poll in progress
    /// ends. There are no further sources.
    pub(crate) fn end(&self) {
        let mut wakers = Vec::new();
        self.sources.end(&mut wakers);
        self.wake();
        wake_all(wakers);
    }

    /// Returns whether `end` was called.
    pub(crate) fn has_ended(&self) -> bool {
        self.sources.has_ended()
    }
}

impl fmt::Debug for NetPoller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetPoller").field("has_ended", &self.has_ended()).finish_non_exhaustive()
    }
}

/// The error of operations after the end.
pub(crate) fn ended() -> io::Error {
    io::Error::other(ENDED)
}

/// Returns the bits of an event. An error makes a source ready: the next operation returns it.
fn bits(event: &Event) -> usize {
    let bit = |is: bool, bit: usize| if is { bit } else { 0 };
    let error = event.is_error();
    bit(event.is_readable() || error, READ)
        | bit(event.is_writable() || error, WRITE)
        | bit(event.is_read_closed(), READ_CLOSED)
        | bit(event.is_write_closed(), WRITE_CLOSED)
        | bit(event.is_priority(), URGENT)
}
