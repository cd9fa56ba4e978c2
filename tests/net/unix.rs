//! Sockets between processes of one system.

use std::{
    env, fs,
    io::{self, Write},
    net::Shutdown,
    path::PathBuf,
    process,
    sync::Arc,
};

use corepool::rt::{
    self,
    net::{UnixDatagram, UnixListener, UnixStream},
};

use crate::go;

/// A path that is removed again.
struct Path(PathBuf);

impl Path {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("corepool-{}-{name}", process::id())))
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn an_echo() {
    go(async {
        let path = Path::new("echo");
        let listener = UnixListener::bind(&path.0)?;
        assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path.0));
        let server = rt::spawn(async move {
            let (stream, _) = listener.accept().await?;
            let mut bytes = [0; 100];
            loop {
                match stream.read(&mut bytes).await? {
                    0 => return io::Result::Ok(()),
                    len => stream.write_all(&bytes[..len]).await?,
                }
            }
        });
        let stream = UnixStream::connect(&path.0).await?;
        assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path.0));
        for i in 0..1000_u64 {
            stream.write_all(&i.to_le_bytes()).await?;
            let mut back = [0; 8];
            stream.read_exact(&mut back).await?;
            assert_eq!(u64::from_le_bytes(back), i);
        }
        stream.shutdown(Shutdown::Write)?;
        server.await.unwrap()
    });
}

/// The backlog is full at times. Nobody is refused.
#[test]
fn more_connections_than_the_backlog_holds() {
    const MANY: usize = 300;
    go(async {
        let path = Path::new("backlog");
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(&path.0)?)?;
        socket.listen(5)?;
        let listener = UnixListener::from_std(std::os::fd::OwnedFd::from(socket).into())?;
        let path = Arc::new(path);
        let clients: Vec<_> = (0..MANY)
            .map(|_| {
                let path = Arc::clone(&path);
                rt::spawn(async move {
                    let stream = UnixStream::connect(&path.0).await?;
                    stream.read(&mut [0; 8]).await
                })
            })
            .collect();
        for _ in 0..MANY {
            let (stream, _) = listener.accept().await?;
            stream.write_all(b"hello").await?;
        }
        for client in clients {
            assert_eq!(client.await.unwrap()?, 5);
        }
        Ok(())
    });
}

/// A read stops before bytes that come with an open file, although more is there.
#[test]
fn a_read_that_leaves_bytes() {
    go(async {
        let (mut one, other) = std::os::unix::net::UnixStream::pair()?;
        let other = UnixStream::from_std(other)?;
        other.writable().await?;
        one.write_all(b"plain")?;
        send_with_a_file(&one, b"file")?;
        one.write_all(b"rest")?;
        other.readable().await?;
        let mut text = Vec::new();
        let mut bytes = [0; 100];
        while text.len() < 13 {
            let len = other.read(&mut bytes).await?;
            text.extend_from_slice(&bytes[..len]);
        }
        assert_eq!(text, b"plainfilerest");
        Ok(())
    });
}

/// Sends bytes together with a file descriptor: that of the standard input.
fn send_with_a_file(to: &std::os::unix::net::UnixStream, bytes: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    // SAFETY: zeroes are valid for the structures, and all pointers are to local variables.
    unsafe {
        let mut part =
            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let mut control = [0_u64; 8];
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<i32>().write_unaligned(0);
        match libc::sendmsg(to.as_raw_fd(), &message, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

#[test]
fn datagrams() {
    go(async {
        let (a, b) = (Path::new("a"), Path::new("b"));
        let (one, other) = (UnixDatagram::bind(&a.0)?, UnixDatagram::bind(&b.0)?);
        let mut bytes = [0; 100];
        one.send_to(b"hello", &b.0).await?;
        let (len, from) = other.recv_from(&mut bytes).await?;
        assert_eq!((&bytes[..len], from.as_pathname()), (&b"hello"[..], Some(&*a.0)));
        assert_eq!(other.try_recv(&mut bytes).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let third = UnixDatagram::unbound()?;
        third.connect(&a.0)?;
        third.send(b"third").await?;
        one.readable().await?;
        assert_eq!(one.try_recv_from(&mut bytes)?.0, 5);
        let (left, right) = UnixDatagram::pair()?;
        left.writable().await?;
        assert_eq!(left.try_send(b"x")?, 1);
        assert_eq!(right.recv(&mut bytes).await?, 1);
        let sender = rt::spawn(async move {
            for i in 0..10_000_u32 {
                left.send(&i.to_le_bytes()).await?;
            }
            io::Result::Ok(())
        });
        for i in 0..10_000_u32 {
            let len = right.recv(&mut bytes).await?;
            assert_eq!(&bytes[..len], &i.to_le_bytes());
        }
        sender.await.unwrap()
    });
}

/// The queue of a socket is full, and a sender that is not connected to it waits until there is room.
#[test]
fn a_datagram_waits_for_room() {
    go(async {
        let path = Path::new("full");
        let receiver = UnixDatagram::bind(&path.0)?;
        let first = UnixDatagram::unbound()?;
        let mut sent = 0;
        while first.try_send_to(b"first", &path.0).is_ok() {
            sent += 1;
        }
        let to = path.0.clone();
        let last = rt::spawn(async move {
            let sender = UnixDatagram::unbound()?;
            sender.send_to(b"last", to).await
        });
        rt::sleep(std::time::Duration::from_millis(20)).await;
        let mut bytes = [0; 10];
        for _ in 0..sent {
            assert_eq!(receiver.recv(&mut bytes).await?, 5);
        }
        assert_eq!(receiver.recv(&mut bytes).await?, 4);
        assert_eq!(last.await.unwrap()?, 4);
        Ok(())
    });
}
