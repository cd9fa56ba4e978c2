//! Datagrams.

use std::{io, sync::Arc};

use corepool::rt::{self, net::UdpSocket};

use crate::go;

#[test]
fn an_echo() {
    go(async {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let (here, there) = (one.local_addr()?, other.local_addr()?);
        let server = rt::spawn(async move {
            let mut bytes = [0; 100];
            for _ in 0..100 {
                let (len, from) = other.recv_from(&mut bytes).await?;
                assert_eq!(from, here);
                other.send_to(&bytes[..len], from).await?;
            }
            io::Result::Ok(())
        });
        one.connect(there).await?;
        assert_eq!(one.peer_addr()?, there);
        for i in 0..100_u8 {
            one.send(&[i; 3]).await?;
            let mut bytes = [0; 100];
            assert_eq!(one.recv(&mut bytes).await?, 3);
            assert_eq!(&bytes[..3], &[i; 3]);
        }
        server.await.unwrap()
    });
}

/// Many tasks receive on one socket. None sleeps while there is a datagram.
#[test]
fn many_receivers() {
    const RECEIVERS: usize = 10;
    go(async {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
        let to = socket.local_addr()?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        for round in 0..100_usize {
            let receivers: Vec<_> = (0..RECEIVERS)
                .map(|_| {
                    let socket = Arc::clone(&socket);
                    rt::spawn(async move {
                        let mut bytes = [0; 8];
                        assert_eq!(socket.recv(&mut bytes).await?, 8);
                        io::Result::Ok(usize::from_le_bytes(bytes))
                    })
                })
                .collect();
            for i in 0..RECEIVERS {
                sender.send_to(&(round * RECEIVERS + i).to_le_bytes(), to).await?;
            }
            let mut got = Vec::new();
            for receiver in receivers {
                got.push(receiver.await.unwrap()?);
            }
            got.sort_unstable();
            assert!(got.into_iter().eq(round * RECEIVERS..(round + 1) * RECEIVERS));
        }
        Ok(())
    });
}

#[test]
fn try_operations_and_names() {
    go(async {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let mut bytes = [0; 10];
        assert_eq!(one.try_recv(&mut bytes).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let here = one.local_addr()?;
        assert_eq!(other.send_to(b"abc", here.to_string()).await?, 3);
        one.readable().await?;
        assert_eq!(one.peek_from(&mut bytes).await?, (3, other.local_addr()?));
        assert_eq!(one.try_recv_from(&mut bytes)?, (3, other.local_addr()?));
        assert_eq!(other.try_send_to(b"de", here)?, 2);
        one.connect(other.local_addr()?).await?;
        one.writable().await?;
        assert_eq!(one.try_send(b"f")?, 1);
        assert_eq!(other.recv(&mut bytes).await?, 1);
        let one = UdpSocket::from_std(one.into_std()?)?;
        assert_eq!(one.recv(&mut bytes).await?, 2);
        Ok(())
    });
}

/// An error of an earlier datagram is reported, and does not stop the socket.
#[cfg(target_os = "linux")]
#[test]
fn a_refused_datagram_is_an_error() {
    go(async {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let gone = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        socket.connect(gone).await?;
        socket.send(b"?").await?;
        let error = socket.recv(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let peer = UdpSocket::bind(gone)?;
        peer.send_to(b"!", socket.local_addr()?).await?;
        assert_eq!(socket.recv(&mut [0]).await?, 1);
        Ok(())
    });
}
