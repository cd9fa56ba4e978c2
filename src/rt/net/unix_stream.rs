//! `UnixStream`.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    os::unix::net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    handles::handles,
    io::{BOTH, Io},
    netpoller::NetPoller,
    readiness::Direction,
    stream::{StreamSource, stream},
};
use crate::rt::task::sleep::sleep;

/// The first pause before a listener is tried again that has too many waiting connections.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// The longest one.
pub(super) const LONGEST: Duration = Duration::from_millis(32);

/// A connection between two processes of one system.
///
/// It is used as a [`TcpStream`](crate::rt::net::TcpStream) is.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Runtime, net::UnixStream};
///
/// Runtime::new()?.block_on(async {
///     let (one, other) = UnixStream::pair()?;
///     one.write_all(b"hello").await?;
///     let mut text = [0; 5];
///     other.read_exact(&mut text).await?;
///     assert_eq!(&text, b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixStream(Io<mio::net::UnixStream>);

impl StreamSource for mio::net::UnixStream {
    /// A read also ends before the bytes that come with open files or from another process, so it may
    /// leave some.
    // bug: bytes behind a file overlooked
    const SHORT_IS_LAST: bool = false;
}

impl UnixStream {
    /// Connects to the listener with this path. While too many connections wait there to be accepted,
    /// this tries again, with pauses of up to 32 ms.
    ///
    /// # Errors
    ///
    /// The system's; an error if the calling thread belongs to no runtime.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let address = SocketAddr::from_pathname(path)?;
        let mut pause = PAUSE;
        loop {
            match mio::net::UnixStream::connect_addr(&address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    sleep(pause).await;
                    pause = LONGEST.min(2 * pause);
                }
                stream => return Ok(Self(Io::new(stream?, BOTH)?)),
            }
        }
    }

    /// Makes two connected streams.
    ///
    /// # Errors
    ///
    /// The system's; an error if the calling thread belongs to no runtime.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixStream::pair()?;
        Ok((Self(Io::new(one, BOTH)?), Self(Io::new(other, BOTH)?)))
    }

    /// A stream that a listener on this poller has accepted.
    pub(crate) fn on(poller: Arc<NetPoller>, stream: mio::net::UnixStream) -> io::Result<Self> {
        Ok(Self(Io::on(poller, stream, BOTH, true)?))
    }

    /// Returns the address of the other end. It mostly has none, unless that is the listener's.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().peer_addr()
    }

    /// Returns the address of this end. It mostly has none, unless this is the listener's end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }
}

stream!(UnixStream, mio::net::UnixStream, std::os::unix::net::UnixStream);
handles!(UnixStream);
