//! Listening and connecting.

use std::{
    collections::HashSet,
    io,
    net::{self, Shutdown, SocketAddr},
    sync::Arc,
    time::Duration,
};

use corepool::rt::{
    self,
    net::{TcpListener, TcpStream},
};
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;

use crate::{
    go, listen, pair,
    util::{run, runtime},
};

#[test]
fn an_echo() {
    go(async {
        let (listener, address) = listen()?;
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
        let stream = TcpStream::connect(address).await?;
        assert_eq!(stream.peer_addr()?, address);
        for i in 0..1000_u64 {
            stream.write_all(&i.to_le_bytes()).await?;
            let mut back = [0; 8];
            stream.read_exact(&mut back).await?;
            assert_eq!(u64::from_le_bytes(back), i);
        }
        stream.shutdown(Shutdown::Write)?;
        assert_eq!(stream.read(&mut [0; 8]).await?, 0);
        server.await.unwrap()
    });
}

/// A read ends at an urgent byte, which it does not return. What has come behind it is read all the same.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn bytes_behind_urgent_ones_are_read() {
    go(async {
        let (reader, writer) = pair().await?;
        for _ in 0..20 {
            writer.write_all(b"before").await?;
            assert_eq!(SockRef::from(&writer).send_out_of_band(b"!")?, 1);
            writer.write_all(b"behind").await?;
            // Otherwise the read may come before the poll that reports all of this.
            rt::sleep(Duration::from_millis(2)).await;
            let (mut text, mut bytes) = (Vec::<u8>::new(), [0; 100]);
            while text.len() < 12 {
                let len = reader.read(&mut bytes).await?;
                text.extend(&bytes[..len]);
            }
            assert_eq!(text, b"beforebehind");
        }
        Ok(())
    });
}

/// Many tasks accept on one listener. Each connection is accepted once, and none is forgotten.
#[test]
fn many_acceptors() {
    const EACH: usize = 50;
    go(async {
        let (listener, address) = listen()?;
        let listener = Arc::new(listener);
        let acceptors: Vec<_> = (0..8)
            .map(|_| {
                let listener = Arc::clone(&listener);
                rt::spawn(async move {
                    let mut accepted = Vec::new();
                    for _ in 0..EACH {
                        accepted.push(listener.accept().await?.1);
                    }
                    io::Result::Ok(accepted)
                })
            })
            .collect();
        let mut connected = HashSet::new();
        let mut streams = Vec::new();
        for _ in 0..8 * EACH {
            let stream = TcpStream::connect(address).await?;
            assert!(connected.insert(stream.local_addr()?));
            streams.push(stream);
        }
        for acceptor in acceptors {
            for from in acceptor.await.unwrap()? {
                assert!(connected.remove(&from), "accepted twice");
            }
        }
        assert!(connected.is_empty());
        Ok(())
    });
}

/// Has the system allow the process as many open files as possible: by default there may be 1024.
#[cfg(unix)]
fn allow_many_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are valid.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_cur.max(limit.rlim_max.min(10_000));
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

/// They connect at once, and wait in the listener's backlog.
#[test]
fn a_thousand_connections_before_the_first_accept() {
    const MANY: usize = 1000;
    #[cfg(unix)]
    allow_many_files();
    let runtime = runtime(2);
    crate::go_on(&runtime, async {
        let (listener, address) = listen()?;
        let clients: Vec<_> = (0..MANY as u64)
            .map(|i| {
                rt::spawn(async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.write_all(&i.to_le_bytes()).await?;
                    let mut back = [0; 8];
                    stream.read_exact(&mut back).await?;
                    assert_eq!(u64::from_le_bytes(back), i);
                    io::Result::Ok(())
                })
            })
            .collect();
        let mut servers = Vec::new();
        for _ in 0..MANY {
            let (stream, _) = listener.accept().await?;
            servers.push(rt::spawn(async move {
                let mut bytes = [0; 8];
                stream.read_exact(&mut bytes).await?;
                stream.write_all(&bytes).await
            }));
        }
        for task in clients.into_iter().chain(servers) {
            task.await.unwrap()?;
        }
        Ok(())
    });
}

/// Returns an address that refuses connections as long as the socket is there, which does not listen: no
/// other test can get its port.
fn refusing() -> io::Result<(socket2::Socket, SocketAddr)> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())?;
    let address = socket.local_addr()?.as_socket().unwrap();
    Ok((socket, address))
}

#[test]
fn a_port_without_a_listener_refuses() {
    go(async {
        let (_socket, address) = refusing()?;
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    });
}

/// The second address works.
#[test]
fn connect_tries_each_address() {
    go(async {
        let (_socket, refuses) = refusing()?;
        let (listener, address) = listen()?;
        let stream = TcpStream::connect(&[refuses, address][..]).await?;
        assert_eq!(stream.peer_addr()?, address);
        drop(listener.accept().await?);
        let error = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let bound = TcpListener::bind(&[address, "127.0.0.1:0".parse().unwrap()][..])?;
        assert_ne!(bound.local_addr()?, address);
        Ok(())
    });
}

#[test]
fn names_are_resolved() {
    go(async {
        let (listener, address) = listen()?;
        let stream = TcpStream::connect(("localhost", address.port())).await?;
        drop(listener.accept().await?);
        assert_eq!(stream.peer_addr()?.port(), address.port());
        TcpStream::connect("nowhere.invalid:1").await.unwrap_err();
        TcpStream::connect("no port").await.unwrap_err();
        Ok(())
    });
}

/// The backlog is full, so the system drops what a further connection sends. Its limit of time is
/// minutes.
#[cfg(target_os = "linux")]
#[test]
fn a_timeout_ends_a_connect() {
    go(async {
        let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())?;
        full.listen(0)?;
        let address = full.local_addr()?.as_socket().unwrap();
        let mut streams = Vec::new();
        let elapsed = loop {
            let connect = TcpStream::connect(address);
            match rt::timeout(Duration::from_millis(50), connect).await {
                Ok(stream) => streams.push(stream?),
                Err(elapsed) => break elapsed,
            }
            assert!(streams.len() < 1000, "the backlog is never full");
        };
        assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
        Ok(())
    });
}

#[test]
fn sockets_move_between_runtimes() {
    let (one, other) = (runtime(1), runtime(1));
    let (left, right) = crate::go_on(&one, async {
        let (left, right) = pair().await?;
        assert!(!left.nodelay()?);
        left.set_nodelay(true)?;
        left.write_all(b"before").await?;
        Ok((left.into_std()?, right.into_std()?))
    });
    drop(one);
    crate::go_on(&other, async move {
        let (left, right) = (TcpStream::from_std(left)?, TcpStream::from_std(right)?);
        assert!(left.nodelay()?);
        let mut text = [0; 6];
        right.read_exact(&mut text).await?;
        assert_eq!(&text, b"before");
        right.write_all(b"after").await?;
        let mut text = [0; 5];
        left.read_exact(&mut text).await?;
        assert_eq!(&text, b"after");
        Ok(())
    });
}

#[test]
fn a_blocking_socket_is_made_non_blocking() {
    go(async {
        let listener = TcpListener::from_std(net::TcpListener::bind("127.0.0.1:0")?)?;
        let client = net::TcpStream::connect(listener.local_addr()?)?;
        let (stream, _) = listener.accept().await?;
        let client = TcpStream::from_std(client)?;
        assert_eq!(client.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let error = listener.try_accept().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        stream.write_all(b"!").await?;
        client.readable().await?;
        assert_eq!(client.try_read(&mut [0])?, 1);
        Ok(())
    });
}

/// A thread inside `block_on` waits for sockets as a task does.
#[test]
fn sockets_work_inside_block_on() {
    let runtime = runtime(1);
    let (listener, address) = runtime.block_on(async { listen() }).unwrap();
    let client = runtime.spawn(async move {
        let stream = TcpStream::connect(address).await?;
        stream.write_all(b"hello").await?;
        stream.read(&mut [0]).await
    });
    runtime
        .block_on(async {
            let (stream, _) = listener.accept().await?;
            let mut text = [0; 5];
            stream.read_exact(&mut text).await?;
            assert_eq!(&text, b"hello");
            io::Result::Ok(())
        })
        .unwrap();
    assert_eq!(runtime.block_on(client).unwrap().unwrap(), 0);
    run(&runtime, async {});
}
