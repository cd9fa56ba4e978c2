//! Tasks that wait while sources come and go.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use corepool::rt::{self, net::TcpStream};

use crate::{go, listen, pair};

/// The last handle of a socket is dropped by an aborted task while an event is on its way. The
/// descriptor is used again by the next socket, which must not get that event, and gets its own.
#[test]
fn sockets_are_dropped_while_events_arrive() {
    go(async {
        for round in 0..500_u32 {
            let (one, other) = pair().await?;
            let reader = rt::spawn(async move { one.read(&mut [0; 4]).await });
            rt::yield_now().await;
            other.write_all(&round.to_le_bytes()).await?;
            reader.abort();
            drop(reader.await);
            let (one, other) = pair().await?;
            let reader = rt::spawn(async move {
                let mut bytes = [0; 4];
                one.read_exact(&mut bytes).await?;
                io::Result::Ok(u32::from_le_bytes(bytes))
            });
            other.write_all(&round.to_le_bytes()).await?;
            assert_eq!(reader.await.unwrap()?, round);
        }
        Ok(())
    });
}

/// A stream is shared by a task that waits for it and one that gives up its share.
#[test]
fn a_share_is_dropped_while_another_waits() {
    go(async {
        for _ in 0..100 {
            let (one, other) = pair().await?;
            let one = Arc::new(one);
            let share = Arc::clone(&one);
            let reader = rt::spawn(async move { one.read(&mut [0; 10]).await });
            rt::yield_now().await;
            drop(share);
            other.write_all(b"hello").await?;
            assert_eq!(reader.await.unwrap()?, 5);
        }
        Ok(())
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose");
    }
}

/// A foreign executor's waker panics. Other sockets do not notice.
#[test]
fn a_waker_that_panics() {
    go(async {
        let (one, other) = pair().await?;
        for _ in 0..3 {
            let mut bytes = [0; 10];
            let mut read = pin!(one.read(&mut bytes));
            let waker = Waker::from(Arc::new(Panics));
            assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            other.write_all(b"!").await?;
            assert_eq!(read.await?, 1);
            let (one, other) = pair().await?;
            other.write_all(b"!").await?;
            one.readable().await?;
        }
        Ok(())
    });
}

/// Connections are opened, used and closed by many tasks at once.
#[test]
fn connections_come_and_go() {
    go(async {
        let (listener, address) = listen()?;
        let server = rt::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                rt::spawn(async move {
                    let mut bytes = [0; 16];
                    while let Ok(len @ 1..) = stream.read(&mut bytes).await {
                        stream.write_all(&bytes[..len]).await?;
                    }
                    io::Result::Ok(())
                });
            }
            #[allow(unreachable_code)]
            io::Result::Ok(())
        });
        let clients: Vec<_> = (0..16_u64)
            .map(|client| {
                rt::spawn(async move {
                    for round in 0..50 {
                        let stream = TcpStream::connect(address).await?;
                        for _ in 0..4 {
                            let sent = (client * 1000 + round).to_le_bytes();
                            stream.write_all(&sent).await?;
                            let mut back = [0; 8];
                            stream.read_exact(&mut back).await?;
                            assert_eq!(back, sent);
                        }
                    }
                    io::Result::Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap()?;
        }
        server.abort();
        Ok(())
    });
}
