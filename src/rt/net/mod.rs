//! Sockets for the runtime: TCP, UDP, Unix sockets, and other file descriptors.
//!
//! Methods take `&self`, so tasks share a socket by reference or in an `Arc`; one may read while
//! another writes, and many may accept on one listener or receive on one UDP socket. A future that is
//! dropped before it is ready has read, written or accepted nothing, except for `read_exact` and
//! `write_all`.
//!
//! ```
//! use corepool::rt::{self, Runtime, net::{TcpListener, TcpStream}};
//! use std::{io, net::Shutdown};
//!
//! async fn echo(stream: TcpStream) -> io::Result<()> {
//!     let mut bytes = [0; 4096];
//!     loop {
//!         match stream.read(&mut bytes).await? {
//!             0 => return Ok(()),
//!             len => stream.write_all(&bytes[..len]).await?,
//!         }
//!     }
//! }
//!
//! Runtime::new()?.block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     let address = listener.local_addr()?;
//!     rt::spawn(async move {
//!         while let Ok((stream, _)) = listener.accept().await {
//!             rt::spawn(echo(stream));
//!         }
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.shutdown(Shutdown::Write)?;
//!     let mut answer = [0; 5];
//!     stream.read_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"hello");
//!     io::Result::Ok(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The runtime of a socket
//!
//! A socket belongs to the runtime that is current when the socket is made: that of the task, or of
//! [`block_on`](crate::rt::Runtime::block_on). Elsewhere making one is an error. A stream that was
//! accepted belongs to the runtime of its listener. Any thread may use the socket, and a task of
//! another runtime may wait for it. It moves to another runtime by `into_std` and `from_std`.
//!
//! When the runtime ends, its tasks are dropped, and their sockets with them, so that ports are free.
//! On sockets that are left, all operations return an error, and those that wait are woken. They can
//! still move to another runtime.
//!
//! # Fairness
//!
//! An operation that is ready counts as one of the 128 that a task may do in one poll: see
//! [`consume_budget`](crate::rt::consume_budget). So a task whose sockets are always ready shares its
//! worker, and can be aborted. `try_read` and the like do not wait, and do not count.
//!
//! # Limits of time
//!
//! [`timeout`](crate::rt::timeout()) limits any operation.
//!
//! # Names
//!
//! The name of a host is resolved by the system, in an announced blocking call: see
//! [`blocking`](crate::rt::blocking()).
//!
//! # Other crates
//!
//! Streams implement `AsyncRead` and `AsyncWrite` of `futures-io`. With the feature `hyper` they
//! implement hyper's `Read` and `Write`, and there are an `Executor` and a `Timer` for it. With the
//! feature `tokio` they implement tokio's `AsyncRead` and `AsyncWrite`, without tokio's runtime. So
//! crates that are generic over these traits work with them: [the guide](crate::guide::other_crates)
//! shows axum and TLS. Traits that take `Pin<&mut Self>` serve one task for each direction.
//!
//! # After a fork
//!
//! In the child of a fork, operations on the parent's sockets return an error. Dropping such a socket
//! there closes the child's descriptor only; the parent's connection goes on. `into_std` works, and a
//! runtime that the child has built takes the socket by `from_std`; but then both processes use the
//! same connection.

pub(crate) mod forks;

pub(crate) mod readiness;

pub(crate) mod sources;

pub(crate) mod wait;

pub(crate) mod netpoller;

pub(crate) mod lazy_netpoller;

pub(crate) mod current_netpoller;

pub(crate) mod io;

pub(crate) mod address;

pub(crate) mod handles;

pub(crate) mod for_futures;

#[cfg(any(feature = "hyper", feature = "tokio"))]
pub(crate) mod fill;

#[cfg(any(feature = "hyper", feature = "tokio"))]
pub(crate) mod write_trait;

#[cfg(feature = "hyper")]
pub(crate) mod for_hyper;

#[cfg(feature = "tokio")]
pub(crate) mod for_tokio;

pub(crate) mod stream;

pub(crate) mod datagram;

pub(crate) mod tcp_stream;

pub(crate) mod tcp_listener;

pub(crate) mod udp_socket;

#[cfg(unix)]
pub(crate) mod unix_stream;

#[cfg(unix)]
pub(crate) mod unix_listener;

#[cfg(unix)]
pub(crate) mod unix_datagram;

#[cfg(unix)]
pub(crate) mod async_fd;

#[cfg(feature = "hyper")]
pub use self::for_hyper::{Executor, Timer};
#[cfg(unix)]
#[cfg_attr(docsrs, doc(cfg(unix)))]
pub use self::{
    async_fd::Async, unix_datagram::UnixDatagram, unix_listener::UnixListener,
    unix_stream::UnixStream,
};
pub use self::{tcp_listener::TcpListener, tcp_stream::TcpStream, udp_socket::UdpSocket};
