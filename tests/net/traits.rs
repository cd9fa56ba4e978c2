//! The traits of `futures_io`.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use corepool::rt;
use futures_io::{AsyncRead, AsyncWrite};

use crate::{go, pair, util::until};

async fn read(stream: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, bytes)).await
}

async fn with<S: AsyncWrite + Unpin, T>(
    stream: &mut S,
    mut f: impl FnMut(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
) -> io::Result<T> {
    poll_fn(|cx| f(Pin::new(stream), cx)).await
}

/// Writes, closes, and reads to the end.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<Vec<u8>> {
    let parts = [IoSlice::new(b"12"), IoSlice::new(b"345")];
    assert_eq!(with(&mut stream, |s, cx| s.poll_write_vectored(cx, &parts)).await?, 5);
    assert_eq!(with(&mut stream, |s, cx| s.poll_write(cx, b"6")).await?, 1);
    with(&mut stream, |s, cx| s.poll_flush(cx)).await?;
    with(&mut stream, |s, cx| s.poll_close(cx)).await?;
    with(&mut stream, |s, cx| s.poll_close(cx)).await?;
    let (mut all, mut bytes) = (Vec::new(), [0; 4]);
    while let len @ 1.. = read(&mut stream, &mut bytes).await? {
        all.extend_from_slice(&bytes[..len]);
    }
    Ok(all)
}

#[test]
fn streams_and_references_to_them() {
    go(async {
        let (one, other) = pair().await?;
        let task = rt::spawn(async move { exchange(other).await });
        assert_eq!(exchange(&one).await?, b"123456");
        assert_eq!(task.await.unwrap()?, b"123456");
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn unix_streams() {
    go(async {
        let (one, other) = rt::net::UnixStream::pair()?;
        let task = rt::spawn(async move { exchange(other).await });
        assert_eq!(exchange(&one).await?, b"123456");
        assert_eq!(task.await.unwrap()?, b"123456");
        Ok(())
    });
}

/// Counts wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A second task reads by the trait while a first one waits: the first is told, so that it is not
/// forgotten.
#[test]
fn a_reader_that_is_replaced_is_woken() {
    go(async {
        let (one, other) = pair().await?;
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        for count in &counts {
            let waker = Waker::from(Arc::clone(count));
            for _ in 0..3 {
                let mut cx = Context::from_waker(&waker);
                assert!(Pin::new(&mut &one).poll_read(&mut cx, &mut [0; 10]).is_pending());
            }
        }
        assert_eq!(counts.each_ref().map(|count| count.0.load(Relaxed)), [1, 0]);
        other.write_all(b"hello").await?;
        one.readable().await?;
        until("the wake-up", || counts[1].0.load(Relaxed) == 1);
        assert_eq!(read(&mut &one, &mut [0; 10]).await?, 5);
        Ok(())
    });
}

/// Through references, one task reads and another writes.
#[test]
fn a_reader_and_a_writer_share_a_stream() {
    go(async {
        let (one, other) = pair().await?;
        let one: &'static _ = Box::leak(Box::new(one));
        let reader = rt::spawn(async move {
            let (mut got, mut bytes) = (0, [0; 1000]);
            while got < 1_000_000 {
                got += read(&mut &*one, &mut bytes).await?;
            }
            io::Result::Ok(())
        });
        let writer = rt::spawn(async move {
            let mut left = 1_000_000;
            while left > 0 {
                let bytes = vec![1; left.min(10_000)];
                left -= with(&mut &*one, |s, cx| s.poll_write(cx, &bytes)).await?;
            }
            io::Result::Ok(())
        });
        let (mut moved, mut bytes) = (0, [0; 5000]);
        while moved < 1_000_000 {
            let len = other.read(&mut bytes).await?;
            other.write_all(&bytes[..len]).await?;
            moved += len;
        }
        reader.await.unwrap()?;
        writer.await.unwrap()
    });
}
