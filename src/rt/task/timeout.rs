//! `timeout`: a future with a limit of time.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::sleep::{Sleep, sleep};

/// The future of [`timeout`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Timeout<F> {
    future: F,
    sleep: Sleep,
}

/// Awaits `future`, for at most `duration`.
///
/// The limit counts from this call. A future that is ready when it is polled has its output, even
/// after the limit. When the limit has passed, the future is not polled again; it is dropped with
/// the result of this call, at the latest at the end of the `await`.
///
/// # Errors
///
/// Returns [`Elapsed`] if the limit passes first.
///
/// # Panics
///
/// As [`sleep`], if the future is not ready at its first poll.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime};
/// use std::{future, time::Duration};
///
/// Runtime::new()?.block_on(async {
///     assert_eq!(rt::timeout(Duration::from_secs(60), async { 7 }).await, Ok(7));
///     let never = future::pending::<()>();
///     assert!(rt::timeout(Duration::from_millis(1), never).await.is_err());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), sleep: sleep(duration) }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the future is pinned with this, and never moved. The sleep need not be pinned.
        let (future, sleep) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), Pin::new(&mut this.sleep))
        };
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        sleep.poll(cx).map(|()| Err(Elapsed(())))
    }
}

/// The error of [`timeout`]: the limit has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the limit of time has passed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
