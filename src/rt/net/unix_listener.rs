//! `UnixListener`.

use std::{io, os::unix::net::SocketAddr, path::Path, sync::Arc};

use mio::Interest;

use super::{
    handles::handles,
    io::Io,
    readiness::{Direction, Until},
    unix_stream::UnixStream,
};

/// Accepts connections of processes of the same system.
///
/// It is used as a [`TcpListener`](crate::rt::net::TcpListener) is. The drop leaves the file of the
/// path.
///
/// # Examples
///
/// ```no_run
/// use corepool::rt::{Runtime, net::UnixListener};
///
/// Runtime::new()?.block_on(async {
///     let listener = UnixListener::bind("/run/example.sock")?;
///     let (stream, _) = listener.accept().await?;
///     stream.write_all(b"hello").await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixListener(Io<mio::net::UnixListener>);

impl UnixListener {
    /// Listens on a path, at which there must not be a file. As many connections wait to be accepted
    /// as the system allows.
    ///
    /// # Errors
    ///
    /// The system's; an error if the calling thread belongs to no runtime.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::of(mio::net::UnixListener::bind(path)?)
    }

    /// Makes a listener of the current runtime from one of `std`, which is put into non-blocking
    /// mode.
    ///
    /// # Errors
    ///
    /// If the calling thread belongs to no runtime, or if the system refuses.
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::of(mio::net::UnixListener::from_std(listener))
    }

    fn of(listener: mio::net::UnixListener) -> io::Result<Self> {
        Ok(Self(Io::new(listener, Interest::READABLE)?))
    }

    /// Takes the listener off its runtime. It remains in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        Ok(self.0.into_inner().into())
    }

    /// Waits for a connection. Returns it, with the address of the other end, which mostly has none.
    ///
    /// The stream belongs to the runtime of the listener. Several tasks may wait at once. If the
    /// future is dropped before it is ready, no connection is lost.
    ///
    /// # Errors
    ///
    /// The system's, for example if the process has too many open files; the listener goes on
    /// working. An error if the runtime has ended.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let accept = |listener: &mio::net::UnixListener| listener.accept();
        let accepted = self.0.when(Direction::Read, Until::Unknown, accept).await?;
        self.stream(accepted)
    }

    /// As [`accept`](Self::accept), without waiting.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept); one of kind `WouldBlock` if there is no connection.
    pub fn try_accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.stream(self.0.attempt_now(Direction::Read, |listener| listener.accept())?)
    }

    fn stream(
        &self,
        (stream, from): (mio::net::UnixStream, SocketAddr),
    ) -> io::Result<(UnixStream, SocketAddr)> {
        Ok((UnixStream::on(Arc::clone(self.0.poller()), stream)?, from))
    }

    /// Returns the address on which the socket listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }

    /// Returns the error that the socket has, and clears it.
    ///
    /// # Errors
    ///
    /// If the system cannot say.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.get().take_error()
    }
}

handles!(UnixListener);
