//! `UnixDatagram`.

use std::{io, net::Shutdown, os::unix::net::SocketAddr, path::Path};

use super::{
    datagram::datagrams,
    handles::handles,
    io::{BOTH, Io},
    readiness::{Direction, Until},
    unix_stream::{LONGEST, PAUSE},
};
use crate::rt::task::{budget::consume_budget, sleep::sleep};

/// A socket for datagrams between processes of one system.
///
/// It is used as a [`UdpSocket`](crate::rt::net::UdpSocket) is. The drop leaves the file of the path.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Runtime, net::UnixDatagram};
///
/// Runtime::new()?.block_on(async {
///     let (one, other) = UnixDatagram::pair()?;
///     one.send(b"hello").await?;
///     let mut text = [0; 100];
///     let len = other.recv(&mut text).await?;
///     assert_eq!(&text[..len], b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram(Io<mio::net::UnixDatagram>);

impl UnixDatagram {
    /// Makes a socket with this path, at which there must not be a file.
    ///
    /// # Errors
    ///
    /// The system's; an error if the calling thread belongs to no runtime.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::of(mio::net::UnixDatagram::bind(path)?)
    }

    /// Makes a socket without a path.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn unbound() -> io::Result<Self> {
        Self::of(mio::net::UnixDatagram::unbound()?)
    }

    /// Makes two connected sockets.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixDatagram::pair()?;
        Ok((Self::of(one)?, Self::of(other)?))
    }

    fn of(socket: mio::net::UnixDatagram) -> io::Result<Self> {
        Ok(Self(Io::new(socket, BOTH)?))
    }

    /// Sets the path to which [`send`](Self::send) sends, and from which alone the socket receives.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.checked()?.connect(path)
    }

    /// Sends a datagram to the socket with this path. Returns how many bytes were sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`sleep`](sleep()), if the queue of the other socket is full: then this tries again after a
    /// pause.
    pub async fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let mut pause = PAUSE;
        loop {
            consume_budget().await;
            match self.0.checked()?.send_to(bytes, path.as_ref()) {
                // The queue of the other socket is full. Linux does not tell when there is room, unless
                // the sockets are connected.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(pause).await,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
            pause = LONGEST.min(2 * pause);
        }
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.0.attempt_now(Direction::Write, |socket| socket.send_to(bytes, path))
    }

    /// Closes one side of the socket, or both.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.checked()?.shutdown(how)
    }
}

datagrams!(UnixDatagram, mio::net::UnixDatagram, std::os::unix::net::UnixDatagram, SocketAddr);
handles!(UnixDatagram);
