//! `TcpStream`.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::{Shutdown, SocketAddr, ToSocketAddrs},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mio::Interest;

use super::{
    address,
    current_netpoller::current_netpoller,
    handles::handles,
    io::{Io, SHORT_IS_LAST},
    netpoller::NetPoller,
    readiness::{Direction, Until},
    stream::{StreamSource, stream},
};

/// What the poller reports.
const INTEREST: Interest = <mio::net::TcpStream as StreamSource>::INTEREST;

/// A TCP connection.
///
/// Its methods take `&self`: tasks share a stream by reference or in an `Arc`, and one may read while
/// another writes. Dropping it closes the connection.
///
/// # Examples
///
/// ```
/// use corepool::rt::{self, Runtime, net::{TcpListener, TcpStream}};
///
/// Runtime::new()?.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let address = listener.local_addr()?;
///     rt::spawn(async move {
///         let (stream, _) = listener.accept().await?;
///         stream.write_all(b"hello").await
///     });
///     let stream = TcpStream::connect(address).await?;
///     let mut text = [0; 5];
///     stream.read_exact(&mut text).await?;
///     assert_eq!(&text, b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpStream(Io<mio::net::TcpStream>);

impl StreamSource for mio::net::TcpStream {
    /// With urgent data, at which a read ends. What follows them may have come already, so that no
    /// event does. Elsewhere mio does not report them, and it waits until more bytes come.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const INTEREST: Interest = super::io::BOTH.add(Interest::PRIORITY);

    const SHORT_IS_LAST: bool = SHORT_IS_LAST;
}

impl TcpStream {
    /// Connects to an address. If there are several, such as those of a host's name, tries one after
    /// the other.
    ///
    /// The system's limit of time may be minutes: see [`timeout`](crate::rt::timeout()).
    ///
    /// # Errors
    ///
    /// The error of the last address, or one of the name's resolution; an error if the calling thread
    /// belongs to no runtime.
    pub async fn connect(to: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = address::no_address();
        for address in address::resolve(to)? {
            match Self::connect_one(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_one(address: SocketAddr) -> io::Result<Self> {
        let poller = current_netpoller()?;
        let io = Io::on(poller, mio::net::TcpStream::connect(address)?, INTEREST, false)?;
        io.when(Direction::Write, Until::Ready, |stream| stream.try_io(|| connected(stream)))
            .await?;
        Ok(Self(io))
    }

    /// A stream that a listener on this poller has accepted.
    pub(crate) fn on(poller: Arc<NetPoller>, stream: mio::net::TcpStream) -> io::Result<Self> {
        Ok(Self(Io::on(poller, stream, INTEREST, true)?))
    }

    /// Returns the address of the other end.
    ///
    /// # Errors
    ///
    /// The system's, for example if the stream is not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().peer_addr()
    }

    /// Returns the address of this end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }

    /// Sets whether small writes are sent at once (the option `TCP_NODELAY`) instead of being put
    /// together. The system's default is `false`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.get().set_nodelay(nodelay)
    }

    /// Returns what [`set_nodelay`](Self::set_nodelay) has set.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.get().nodelay()
    }

    /// Sets how many hops a packet may make.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.0.get().set_ttl(hops)
    }

    /// Returns how many hops a packet may make.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.get().ttl()
    }

    /// As [`read`](Self::read), but leaves what it returns to be read again.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.when(Direction::Read, Until::Unknown, |stream| stream.peek(buffer)).await
    }
}

/// Returns how the attempt to connect has ended. `WouldBlock` if it has not.
fn connected(stream: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        result => result.map(drop),
    }
}

stream!(TcpStream, mio::net::TcpStream, std::net::TcpStream);
handles!(TcpStream);
