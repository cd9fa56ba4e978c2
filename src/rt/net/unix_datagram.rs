//! `UnixDatagram`.

use std::{io, net::Shutdown, os::unix::net::SocketAddr, path::Path};

use super::{
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

    /// Makes a socket of the current runtime from one of `std`, which is put into non-blocking mode.
    ///
    /// # Errors
    ///
    /// If the calling thread belongs to no runtime, or if the system refuses.
    pub fn from_std(socket: std::os::unix::net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::of(mio::net::UnixDatagram::from_std(socket))
    }

    fn of(socket: mio::net::UnixDatagram) -> io::Result<Self> {
        Ok(Self(Io::new(socket, BOTH)?))
    }

    /// Takes the socket off its runtime. It remains in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixDatagram> {
        Ok(self.0.into_inner().into())
    }

    /// Sets the path to which [`send`](Self::send) sends, and from which alone the socket receives.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.checked()?.connect(path)
    }

    /// Waits until there is a datagram. A [`try_recv`](Self::try_recv) that follows may still find
    /// none: await this again.
    ///
    /// # Errors
    ///
    /// If the runtime has ended.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.ready(Direction::Read, |_| Ok(true)).await
    }

    /// Waits until there is room for a datagram.
    ///
    /// # Errors
    ///
    /// If the runtime has ended.
    pub async fn writable(&self) -> io::Result<()> {
        self.0.ready(Direction::Write, |_| Ok(true)).await
    }

    /// Sends a datagram to the other end. Returns how many bytes were sent.
    ///
    /// # Errors
    ///
    /// The system's; an error if the runtime has ended.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.when(Direction::Write, Until::Unknown, |socket| socket.send(bytes)).await
    }

    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); one of kind `WouldBlock` if there is no room.
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.attempt_now(Direction::Write, |socket| socket.send(bytes))
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

    /// Waits for a datagram, and returns its length. What the buffer has no room for is lost.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.when(Direction::Read, Until::Unknown, |socket| socket.recv(buffer)).await
    }

    /// As [`recv`](Self::recv), without waiting.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); one of kind `WouldBlock` if there is no datagram.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.attempt_now(Direction::Read, |socket| socket.recv(buffer))
    }

    /// As [`recv`](Self::recv), with the address of the sender.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.when(Direction::Read, Until::Unknown, |socket| socket.recv_from(buffer)).await
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.attempt_now(Direction::Read, |socket| socket.recv_from(buffer))
    }

    /// Returns the address of this socket.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }

    /// Returns the address of the other end.
    ///
    /// # Errors
    ///
    /// The system's, if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().peer_addr()
    }

    /// Closes one side of the socket, or both.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.checked()?.shutdown(how)
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

handles!(UnixDatagram);
