//! What the types are.

use std::{fmt::Debug, io, net::SocketAddr};

use corepool::rt::net::{TcpListener, TcpStream, UdpSocket};

fn is_shared<T: Send + Sync + Unpin + Debug + 'static>() {}

fn is_sent<T: Send>(_: T) {}

#[test]
fn sockets_and_their_futures_are_sent_between_threads() {
    is_shared::<TcpListener>();
    is_shared::<TcpStream>();
    is_shared::<UdpSocket>();
    #[cfg(unix)]
    {
        use corepool::rt::net::{Async, UnixDatagram, UnixListener, UnixStream};

        is_shared::<UnixListener>();
        is_shared::<UnixStream>();
        is_shared::<UnixDatagram>();
        is_shared::<Async<std::fs::File>>();
    }
    is_sent(TcpStream::connect("127.0.0.1:1"));
    let _futures = |stream: &TcpStream, listener: &TcpListener| {
        is_sent(stream.read(&mut []));
        is_sent(stream.write(&[]));
        is_sent(stream.readable());
        is_sent(listener.accept());
    };
}

/// The signatures that programs rely on.
#[test]
fn signatures() {
    async fn _uses(listener: &TcpListener) -> io::Result<()> {
        let (stream, _): (TcpStream, SocketAddr) = listener.accept().await?;
        let _: usize = stream.read(&mut [0_u8; 1][..]).await?;
        let _: usize = stream.write(&b"x"[..]).await?;
        let _: usize = stream.try_read(&mut [0_u8; 1][..])?;
        let _: usize = stream.try_write(&b"x"[..])?;
        let _: () = stream.set_nodelay(true)?;
        let _: std::net::TcpStream = stream.into_std()?;
        Ok(())
    }
    let _: fn(std::net::TcpListener) -> io::Result<TcpListener> = TcpListener::from_std;
    let _: fn(std::net::TcpStream) -> io::Result<TcpStream> = TcpStream::from_std;
}
