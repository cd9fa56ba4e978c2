//! `TcpListener`.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use mio::Interest;
use socket2::{Domain, Socket, Type};

use super::{
    address,
    handles::handles,
    io::Io,
    readiness::{Direction, Until},
    tcp_stream::TcpStream,
};

/// How many connections may wait to be accepted. The system has a limit of its own.
const BACKLOG: i32 = 4096;

/// Accepts TCP connections.
///
/// # Examples
///
/// ```no_run
/// use corepool::rt::{self, Runtime, net::TcpListener};
/// use std::io;
///
/// async fn serve() -> io::Result<()> {
///     let listener = TcpListener::bind("0.0.0.0:8080")?;
///     loop {
///         let (stream, from) = listener.accept().await?;
///         rt::spawn(async move {
///             let mut bytes = [0; 4096];
///             while let Ok(len @ 1..) = stream.read(&mut bytes).await {
///                 stream.write_all(&bytes[..len]).await?;
///             }
///             println!("{from} has gone");
///             io::Result::Ok(())
///         });
///     }
/// }
///
/// Runtime::new()?.block_on(serve())?;
/// # Ok::<(), io::Error>(())
/// ```
pub struct TcpListener(Io<mio::net::TcpListener>);

impl TcpListener {
    /// Listens on an address. If there are several, on the first that works. Port 0 has the system
    /// choose a port: see [`local_addr`](Self::local_addr).
    ///
    /// Up to 4096 connections wait to be accepted, or as many as the system allows. Except on
    /// Windows, a port whose former connections have ended may be used at once.
    ///
    /// # Errors
    ///
    /// The error of the last address, or one of the name's resolution; an error if the calling thread
    /// belongs to no runtime.
    pub fn bind(to: impl ToSocketAddrs) -> io::Result<Self> {
        address::first(to, |address| Self::from_std(listen(address)?))
    }

    /// Makes a listener of the current runtime from one of `std`, which is put into non-blocking
    /// mode.
    ///
    /// # Errors
    ///
    /// If the calling thread belongs to no runtime, or if the system refuses.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Io::new(mio::net::TcpListener::from_std(listener), Interest::READABLE)?))
    }

    /// Takes the listener off its runtime. It remains in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        Ok(self.0.into_inner().into())
    }

    /// Waits for a connection. Returns it, with the address of the other end.
    ///
    /// The stream belongs to the runtime of the listener. Several tasks may wait at once. If the
    /// future is dropped before it is ready, no connection is lost.
    ///
    /// # Errors
    ///
    /// The system's, for example if the process has too many open files; the listener goes on
    /// working. An error if the runtime has ended.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.0.when(Direction::Read, Until::Unknown, accept).await?;
        self.stream(accepted)
    }

    /// As [`accept`](Self::accept), without waiting.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept); one of kind `WouldBlock` if there is no connection.
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.stream(self.0.attempt_now(Direction::Read, accept)?)
    }

    fn stream(
        &self,
        (stream, from): (mio::net::TcpStream, SocketAddr),
    ) -> io::Result<(TcpStream, SocketAddr)> {
        Ok((TcpStream::on(Arc::clone(self.0.poller()), stream)?, from))
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

/// Accepts a connection that has not been given up meanwhile.
fn accept(listener: &mio::net::TcpListener) -> io::Result<(mio::net::TcpStream, SocketAddr)> {
    loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            result => return result,
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Windows this would let other processes take over the port.
    // bug: port not free after the end
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

handles!(TcpListener);
