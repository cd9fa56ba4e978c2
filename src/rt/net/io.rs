//! A source on the poller of its runtime, and the operations on it: each is tried, and waits if it
//! would block.

use std::{
    fmt,
    future::poll_fn,
    io::{
        self,
        ErrorKind::{Interrupted, WouldBlock},
    },
    sync::Arc,
    task::{Context, Poll, ready},
};

use mio::{Interest, event::Source};

use super::{
    current_netpoller::current_netpoller,
    netpoller::{NetPoller, ended},
    readiness::{Direction, Readiness, Seen, Until, Waiter},
};
use crate::rt::task::budget;

/// Whether the system reports that a source is ready again once a transfer was shorter than its
/// buffer. Then the source need not be asked once more before the wait.
pub(crate) const SHORT_IS_LAST: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
));

/// What most sources are used for.
pub(crate) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

pub(crate) struct Io<S: Source> {
    /// Empty only within `into_inner`.
    source: Option<S>,
    readiness: Arc<Readiness>,
    poller: Arc<NetPoller>,
    token: usize,
}

impl<S: Source> Io<S> {
    /// Adds a source, on which operations may be tried at once, to the poller of the current runtime.
    pub(crate) fn new(source: S, interest: Interest) -> io::Result<Self> {
        Self::on(current_netpoller()?, source, interest, true)
    }

    /// Adds a source to a poller. If it is `fresh`, operations may be tried at once.
    pub(crate) fn on(
        poller: Arc<NetPoller>,
        mut source: S,
        interest: Interest,
        fresh: bool,
    ) -> io::Result<Self> {
        let readiness = Arc::new(Readiness::new(fresh));
        let token = poller.register(&mut source, interest, &readiness)?;
        Ok(Self { source: Some(source), readiness, poller, token })
    }

    pub(crate) fn get(&self) -> &S {
        self.source.as_ref().expect("only `into_inner` takes it")
    }

    /// As `get`, for an operation that changes the socket.
    ///
    /// # Errors
    ///
    /// If the runtime has ended, or is in another process.
    pub(crate) fn checked(&self) -> io::Result<&S> {
        self.check(self.readiness.look())?;
        Ok(self.get())
    }

    pub(crate) fn poller(&self) -> &Arc<NetPoller> {
        &self.poller
    }

    /// Takes the source off the poller.
    pub(crate) fn into_inner(mut self) -> S {
        self.deregister();
        self.source.take().expect("taken once")
    }

    /// The place of a future that waits.
    pub(crate) fn waiter(&self, direction: Direction) -> Waiter<'_> {
        Waiter::new(&self.readiness, direction)
    }

    fn deregister(&mut self) {
        if let Some(source) = &mut self.source {
            self.poller.deregister(source, self.token);
        }
    }

    /// Returns an error if the runtime has ended, or is in another process.
    fn check(&self, seen: Seen) -> io::Result<()> {
        self.poller.check()?;
        // bug: socket works after the end of its runtime
        if seen.has_ended() { Err(ended()) } else { Ok(()) }
    }

    /// Does an operation. Returns `None` if it would block; then the source counts as not ready.
    fn attempt<R>(
        &self,
        direction: Direction,
        seen: Seen,
        operation: &mut impl FnMut(&S) -> io::Result<R>,
        is_last: &impl Fn(&R) -> bool,
    ) -> Option<io::Result<R>> {
        loop {
            let result = operation(self.get());
            match &result {
                Err(error) if error.kind() == Interrupted => continue,
                Err(error) if error.kind() == WouldBlock => {
                    self.readiness.clear(direction, seen);
                    return None;
                }
                Ok(done) if is_last(done) => self.readiness.clear_if_last(direction, seen),
                _ => {}
            }
            return Some(result);
        }
    }

    /// Does an operation when the source is ready for it. `key` is as in [`Readiness::poll`]. When
    /// `is_last` says so of the result, the source counts as not ready after the operation.
    pub(crate) fn poll_with<R>(
        &self,
        direction: Direction,
        until: Until,
        mut key: Option<&mut u64>,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
        is_last: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        self.poller.check()?;
        budget::poll(cx, |cx| {
            loop {
                let key = key.as_deref_mut();
                let seen = ready!(self.readiness.poll(direction, until, key, cx.waker()));
                self.check(seen)?;
                if let Some(result) = self.attempt(direction, seen, &mut operation, &is_last) {
                    return Poll::Ready(result);
                }
            }
        })
    }

    /// Does an operation when the source is ready for it.
    pub(crate) async fn when<R>(
        &self,
        direction: Direction,
        until: Until,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut waiter = self.waiter(direction);
        poll_fn(|cx| {
            self.poll_with(direction, until, Some(waiter.key()), cx, &mut operation, |_| false)
        })
        .await
    }

    /// Does an operation now.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `WouldBlock` if it would block.
    pub(crate) fn attempt_now<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let seen = self.readiness.look();
        self.check(seen)?;
        let result = self.attempt(direction, seen, &mut operation, &|_| false);
        result.unwrap_or_else(|| Err(WouldBlock.into()))
    }

    /// Waits until the source is ready. `holds` may ask the source itself, and have the wait go on.
    pub(crate) async fn ready(
        &self,
        direction: Direction,
        mut holds: impl FnMut(&S) -> io::Result<bool>,
    ) -> io::Result<()> {
        let confirm = |source: &S| if holds(source)? { Ok(()) } else { Err(WouldBlock.into()) };
        self.when(direction, Until::Ready, confirm).await
    }
}

impl<S: Source> Drop for Io<S> {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl<S: Source + fmt::Debug> fmt::Debug for Io<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
