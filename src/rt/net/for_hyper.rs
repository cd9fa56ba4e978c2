//! Feature `hyper`: the traits of hyper's `rt` module.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use crate::rt::{
    runtime::Handle,
    task::{
        sleep::{Sleep, sleep},
        spawn::spawn,
    },
};

/// Implements `hyper::rt::Read` and `Write` for a stream.
macro_rules! for_hyper {
    ($Type:ident) => {
        /// One task at a time may use this for each direction.
        #[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
        impl hyper::rt::Read for $Type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                mut buffer: hyper::rt::ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: nothing is made uninitialised.
                let unfilled = unsafe { buffer.as_mut() };
                let count = std::task::ready!(self.0.poll_fill(cx, unfilled))?;
                // SAFETY: that many bytes have been read.
                unsafe { buffer.advance(count) };
                Poll::Ready(Ok(()))
            }
        }

        $crate::rt::net::write_trait::write_trait!($Type, "hyper", hyper::rt::Write);
    };
}
pub(crate) use for_hyper;

/// Spawns hyper's background tasks on the runtime of the calling thread. They are detached.
///
/// A [`Handle`] is an executor as well, which may be used from threads of no runtime.
///
/// # Panics
///
/// As [`spawn`].
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        drop(spawn(future));
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
impl<F> hyper::rt::Executor<F> for Handle
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.spawn(future));
    }
}

/// The runtime's timers, for hyper's limits of time.
///
/// # Panics
///
/// Its futures, as [`sleep`](sleep()).
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub struct Timer;

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep::until(Some(deadline)))
    }
}

impl hyper::rt::Sleep for Sleep {}
