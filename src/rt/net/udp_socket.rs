//! `UdpSocket`.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
};

use super::{
    address,
    datagram::datagrams,
    handles::handles,
    io::{BOTH, Io},
    readiness::{Direction, Until},
};

/// A UDP socket.
///
/// Several tasks may send and receive at once. If a future of its methods is dropped before it is
/// ready, no datagram is lost.
///
/// # Examples
///
/// ```
/// use corepool::rt::{Runtime, net::UdpSocket};
///
/// Runtime::new()?.block_on(async {
///     let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
///     one.send_to(b"hello", other.local_addr()?).await?;
///     let mut text = [0; 100];
///     let (len, from) = other.recv_from(&mut text).await?;
///     assert_eq!((&text[..len], from), (&b"hello"[..], one.local_addr()?));
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UdpSocket(Io<mio::net::UdpSocket>);

impl UdpSocket {
    /// Makes a socket with this address. If there are several, with the first that works. Port 0 has
    /// the system choose a port: see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// The error of the last address, or one of the name's resolution; an error if the calling thread
    /// belongs to no runtime.
    pub fn bind(to: impl ToSocketAddrs) -> io::Result<Self> {
        address::first(to, |address| Self::from_std(std::net::UdpSocket::bind(address)?))
    }

    /// Sets the address to which [`send`](Self::send) sends, and from which alone the socket receives.
    /// If there are several, the first that works.
    ///
    /// # Errors
    ///
    /// The error of the last address, or one of the name's resolution.
    pub async fn connect(&self, to: impl ToSocketAddrs) -> io::Result<()> {
        address::first(to, |address| self.0.checked()?.connect(address))
    }

    /// Sends a datagram to an address: the first, if there are several. Returns how many bytes were
    /// sent.
    ///
    /// # Errors
    ///
    /// The system's, or one of the name's resolution; an error if the runtime has ended.
    pub async fn send_to(&self, bytes: &[u8], to: impl ToSocketAddrs) -> io::Result<usize> {
        let to = address::resolve_one(to)?;
        self.0.when(Direction::Write, Until::Unknown, |socket| socket.send_to(bytes, to)).await
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to); one of kind `WouldBlock` if there is no room.
    pub fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.attempt_now(Direction::Write, |socket| socket.send_to(bytes, to))
    }

    /// As [`recv_from`](Self::recv_from), but leaves the datagram to be received again.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.when(Direction::Read, Until::Unknown, |socket| socket.peek_from(buffer)).await
    }

    /// Sets whether datagrams may be sent to broadcast addresses.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.0.get().set_broadcast(on)
    }

    /// Sets how many hops a datagram may make.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.0.get().set_ttl(hops)
    }

    /// Receives what is sent to a group, on the interface with this address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get().join_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to a group, on the interface with this number.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get().join_multicast_v6(group, interface)
    }

    /// Undoes [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get().leave_multicast_v4(&group, &interface)
    }

    /// Undoes [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get().leave_multicast_v6(group, interface)
    }
}

datagrams!(UdpSocket, mio::net::UdpSocket, std::net::UdpSocket, SocketAddr);
handles!(UdpSocket);
