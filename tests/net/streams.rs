//! Reading and writing.

use std::{
    future::Future,
    io::{self, IoSlice, IoSliceMut},
    net::Shutdown,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use corepool::rt::{self, net::TcpStream};

use crate::{go, pair};

/// More than a socket's buffers hold.
const MUCH: usize = 8 << 20;

fn byte(at: usize) -> u8 {
    (at % 251) as u8
}

async fn send(stream: &TcpStream) -> io::Result<()> {
    let bytes: Vec<u8> = (0..MUCH).map(byte).collect();
    stream.write_all(&bytes).await
}

async fn receive(stream: &TcpStream) -> io::Result<()> {
    let (mut at, mut bytes) = (0, vec![0; 100_000]);
    while at < MUCH {
        let len = stream.read(&mut bytes).await?;
        assert_ne!(len, 0, "the end, after {at} bytes");
        for &got in &bytes[..len] {
            assert_eq!(got, byte(at));
            at += 1;
        }
    }
    Ok(())
}

/// Each end is read and written by two tasks at the same time.
#[test]
fn both_directions_at_once() {
    go(async {
        let (one, other) = pair().await?;
        let ends = [Arc::new(one), Arc::new(other)];
        let tasks: Vec<_> = ends
            .iter()
            .flat_map(|end| {
                let (reader, writer) = (Arc::clone(end), Arc::clone(end));
                [
                    rt::spawn(async move { receive(&reader).await }),
                    rt::spawn(async move { send(&writer).await }),
                ]
            })
            .collect();
        for task in tasks {
            task.await.unwrap()?;
        }
        Ok(())
    });
}

/// Bytes sent before the end of one direction arrive, and the other direction goes on.
#[test]
fn half_close() {
    go(async {
        let (one, other) = pair().await?;
        one.write_all(b"question").await?;
        one.shutdown(Shutdown::Write)?;
        assert!(one.write(b"more").await.is_err());
        let mut text = Vec::new();
        let mut bytes = [0; 3];
        loop {
            match other.read(&mut bytes).await? {
                0 => break,
                len => text.extend_from_slice(&bytes[..len]),
            }
        }
        assert_eq!(text, b"question");
        other.write_all(b"answer").await?;
        drop(other);
        let mut bytes = [0; 100];
        let len = one.read(&mut bytes).await?;
        assert_eq!(&bytes[..len], b"answer");
        assert_eq!(one.read(&mut bytes).await?, 0);
        assert_eq!(one.read(&mut bytes).await?, 0);
        Ok(())
    });
}

/// The last bytes and the end arrive together: one event for both. The read takes the bytes, which
/// are fewer than its buffer has room for, and the next one must not wait.
#[test]
fn the_end_arrives_with_the_last_bytes() {
    go(async {
        for _ in 0..100 {
            let (one, other) = pair().await?;
            // Waits until something is known of the socket.
            one.writable().await?;
            other.write_all(b"last").await?;
            drop(other);
            rt::sleep(Duration::from_millis(1)).await;
            let mut bytes = [0; 100];
            assert_eq!(one.read(&mut bytes).await?, 4);
            assert_eq!(one.read(&mut bytes).await?, 0);
        }
        Ok(())
    });
}

/// The end closes while the other end sends: that fails, and does not wait.
#[test]
fn a_writer_learns_that_nobody_reads() {
    go(async {
        let (one, other) = pair().await?;
        let writer = rt::spawn(async move {
            loop {
                if let Err(error) = send(&one).await {
                    return error.kind();
                }
            }
        });
        other.read(&mut [0; 100]).await?;
        drop(other);
        let kind = writer.await.unwrap();
        let kinds = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        assert!(kinds.contains(&kind), "{kind}");
        Ok(())
    });
}

#[test]
fn several_buffers_at_once() {
    go(async {
        let (one, other) = pair().await?;
        let sent = one.write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo!")]).await?;
        assert_eq!(sent, 6);
        let (mut a, mut b) = ([0; 4], [0; 4]);
        let mut got = 0;
        while got < 6 {
            assert_eq!(got, 0, "six bytes arrive at once");
            got += other
                .read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)])
                .await?;
        }
        assert_eq!((&a, &b), (b"hell", b"o!\0\0"));
        Ok(())
    });
}

/// A read that was given up has taken nothing, and leaves no trace.
#[test]
fn a_read_is_given_up_and_begun_again() {
    go(async {
        let (one, other) = pair().await?;
        let mut bytes = [0; 10];
        for round in 0..100_u8 {
            {
                let mut read = pin!(one.read(&mut bytes));
                let mut cx = Context::from_waker(Waker::noop());
                assert!(read.as_mut().poll(&mut cx).is_pending());
            }
            assert!(rt::timeout(Duration::from_millis(1), one.read(&mut bytes)).await.is_err());
            other.write_all(&[round]).await?;
            assert_eq!(one.read(&mut bytes).await?, 1);
            assert_eq!(bytes[0], round);
        }
        Ok(())
    });
}

/// Two tasks wait for the same stream, one of which is aborted. The other still gets the bytes.
#[test]
fn another_reader_is_aborted() {
    go(async {
        let (one, other) = pair().await?;
        let one = Arc::new(one);
        let read = || {
            let one = Arc::clone(&one);
            rt::spawn(async move {
                let mut bytes = [0; 10];
                one.read(&mut bytes).await.map(|len| bytes[..len].to_vec())
            })
        };
        for round in 0..100_u8 {
            let (first, second) = (read(), read());
            rt::yield_now().await;
            first.abort();
            other.write_all(&[round]).await?;
            // The first may have been aborted only after it had the byte.
            match first.await {
                Err(error) => {
                    assert!(error.is_cancelled());
                    assert_eq!(second.await.unwrap()?, [round]);
                }
                Ok(bytes) => {
                    assert_eq!(bytes?, [round]);
                    second.abort();
                    drop(second.await);
                }
            }
        }
        Ok(())
    });
}

/// `readable` is not ready before there is something, and stays ready until it has been read.
#[test]
fn readable_means_readable() {
    go(async {
        let (one, other) = pair().await?;
        let ready = async |stream: &TcpStream| {
            let mut wait = pin!(stream.readable());
            rt::yield_now().await;
            matches!(
                wait.as_mut().poll(&mut Context::from_waker(Waker::noop())),
                Poll::Ready(Ok(()))
            )
        };
        assert!(!ready(&one).await);
        one.writable().await?;
        assert!(!ready(&one).await);
        other.write_all(b"ab").await?;
        one.readable().await?;
        assert!(ready(&one).await);
        let mut bytes = [0; 1];
        assert_eq!(one.try_read(&mut bytes)?, 1);
        one.readable().await?;
        assert_eq!(one.peek(&mut bytes).await?, 1);
        assert_eq!(one.try_read(&mut bytes)?, 1);
        assert_eq!(one.try_read(&mut bytes).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(!ready(&one).await);
        Ok(())
    });
}

#[test]
fn try_write_stops_when_the_buffers_are_full() {
    go(async {
        let (one, other) = pair().await?;
        let bytes = vec![7; 1 << 20];
        let mut sent = 0;
        let error = loop {
            match one.try_write(&bytes) {
                Ok(len) => sent += len,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let reader = rt::spawn(async move {
            let (mut got, mut bytes) = (0, vec![0; 1 << 20]);
            while let len @ 1.. = other.read(&mut bytes).await? {
                got += len;
            }
            io::Result::Ok(got)
        });
        one.writable().await?;
        sent += one.write(&bytes).await?;
        drop(one);
        assert_eq!(reader.await.unwrap()?, sent);
        Ok(())
    });
}

/// More buffers than the system takes in one call.
#[test]
fn many_buffers_at_once() {
    go(async {
        let (one, other) = pair().await?;
        let many = [IoSlice::new(b"x"); 2000];
        for _ in 0..3 {
            assert!(one.write_vectored(&many).await? > 0);
            let mut bytes = [0; 4000];
            let mut parts: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
            assert!(other.read_vectored(&mut parts).await? > 0);
        }
        // There is room to write and something to read.
        one.write_all(b"y").await?;
        let mut byte = [0];
        while byte != *b"y" {
            other.read_exact(&mut byte).await?;
        }
        Ok(())
    });
}

/// There is nothing to wait for.
#[test]
fn a_read_into_nothing_is_ready() {
    go(async {
        let (one, _other) = pair().await?;
        assert_eq!(one.read(&mut []).await?, 0);
        assert_eq!(one.read_vectored(&mut []).await?, 0);
        Ok(())
    });
}
