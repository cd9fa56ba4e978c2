//! `Async`: anything that the system can poll.

use std::{
    fmt, io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use mio::{Interest, Registry, Token, event::Source, unix::SourceFd};

use super::{
    io::{BOTH, Io},
    readiness::{Direction, Until},
};

/// A file descriptor that tasks wait for: a pipe, a terminal, an eventfd, or a socket of another
/// crate.
///
/// Regular files cannot be waited for: [`new`](Self::new) returns the system's error, and
/// [`blocking`](crate::rt::blocking()) is the way to use them.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Runtime, net::Async};
/// use std::io::{Read, Write, pipe};
///
/// Runtime::new()?.block_on(async {
///     let (reader, mut writer) = pipe()?;
///     let reader = Async::new(reader)?;
///     writer.write_all(b"hello")?;
///     let mut text = [0; 100];
///     let len = reader.read_with(|mut reader| reader.read(&mut text)).await?;
///     assert_eq!(&text[..len], b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Async<T: AsFd>(Io<Pollable<T>>);

/// `T`, for mio. A `T` may return another descriptor later, so the registered one is kept.
struct Pollable<T> {
    inner: T,
    fd: RawFd,
}

impl<T> Source for Pollable<T> {
    fn register(&mut self, to: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.fd).register(to, token, interest)
    }

    fn reregister(&mut self, to: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.fd).reregister(to, token, interest)
    }

    fn deregister(&mut self, from: &Registry) -> io::Result<()> {
        SourceFd(&self.fd).deregister(from)
    }
}

impl<T: AsFd> Async<T> {
    /// Puts the descriptor into non-blocking mode, and adds it to the current runtime.
    ///
    /// The mode belongs to the open file: other descriptors of it, in this process or in others, are
    /// non-blocking as well.
    ///
    /// # Errors
    ///
    /// If the calling thread belongs to no runtime, or if the system cannot poll such a descriptor.
    pub fn new(inner: T) -> io::Result<Self> {
        set_nonblocking(inner.as_fd())?;
        Self::new_nonblocking(inner)
    }

    /// As [`new`](Self::new), without a change of the mode. An operation on a descriptor in blocking
    /// mode may block the thread.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn new_nonblocking(inner: T) -> io::Result<Self> {
        let fd = inner.as_fd().as_raw_fd();
        Ok(Self(Io::new(Pollable { inner, fd }, BOTH)?))
    }

    /// Returns the value.
    pub fn get_ref(&self) -> &T {
        &self.0.get().inner
    }

    /// Takes the value off the runtime. The descriptor remains in non-blocking mode.
    pub fn into_inner(self) -> T {
        self.0.into_inner().inner
    }

    /// Waits until the descriptor is readable, or its other end is closed. The system is asked, so
    /// this returns at once each time until all has been read.
    ///
    /// # Errors
    ///
    /// If the runtime has ended.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.ready(Direction::Read, |source| is_ready(source.inner.as_fd(), libc::POLLIN)).await
    }

    /// Waits until the descriptor is writable, or its other end is closed. The system is asked, so
    /// this returns at once each time until there is no room left.
    ///
    /// # Errors
    ///
    /// If the runtime has ended.
    pub async fn writable(&self) -> io::Result<()> {
        self.0.ready(Direction::Write, |source| is_ready(source.inner.as_fd(), libc::POLLOUT)).await
    }

    /// Calls `operation`, which reads, when the descriptor is readable; and again if it returns an
    /// error of kind `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `operation`; one if the runtime has ended.
    pub async fn read_with<R>(
        &self,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.when(Direction::Read, Until::Unknown, |source| operation(&source.inner)).await
    }

    /// Calls `operation`, which writes, when the descriptor is writable; and again if it returns an
    /// error of kind `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `operation`; one if the runtime has ended.
    pub async fn write_with<R>(
        &self,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.when(Direction::Write, Until::Unknown, |source| operation(&source.inner)).await
    }
}

impl<T: AsFd> AsFd for Async<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(self.get_ref()).finish()
    }
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: the calls access no memory of the process.
    let result = unsafe {
        match libc::fcntl(fd, libc::F_GETFL) {
            -1 => -1,
            flags if flags & libc::O_NONBLOCK != 0 => 0,
            flags => libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK),
        }
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Asks the system whether one of the `events` would be reported now, or an error.
fn is_ready(fd: BorrowedFd<'_>, events: libc::c_short) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: there is one entry.
    match unsafe { libc::poll(&mut poll, 1, 0) } {
        -1 => Err(io::Error::last_os_error()),
        // bug: descriptor taken for ready
        _ => Ok(poll.revents != 0),
    }
}
