//! `BytesMut` for the codecs of tokio-util: a connection takes its two buffers from a pool, and
//! returns them when it ends.
//!
//! A `BytesMut` of which frames have been split off shares its memory with them. `try_reclaim`
//! returns, without allocating, whether it has all of its memory again. If it has not, the buffer
//! is dropped, and its memory is freed with the last frame.
//!
//! ```console
//! $ cargo run --release --example codec [-- --quick]
//! ```

use std::{cell::RefCell, hint::black_box};

use bytes::{Bytes, BytesMut};
use corepool::Pool;
use corepool_recipes::{Effort, Table};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    runtime::{Builder, Runtime},
};
use tokio_util::codec::{Framed, FramedParts, LengthDelimitedCodec};

/// The capacity that a `Framed` requests.
const CAPACITY: usize = 8192;

static BUFFERS: Pool<BytesMut> =
    <Pool<BytesMut>>::new(|| BytesMut::with_capacity(CAPACITY)).with_recycle(is_whole);

/// Whether an emptied buffer has all of its memory, and not too much of it.
fn is_whole(buffer: &mut BytesMut) -> bool {
    buffer.clear();
    buffer.try_reclaim(CAPACITY) && buffer.capacity() <= 16 * CAPACITY
}

/// Serves a connection with pooled buffers: echoes frames until there are no more.
pub async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut parts = FramedParts::new::<Bytes>(stream, LengthDelimitedCodec::new());
    (parts.read_buf, parts.write_buf) = (BUFFERS.take(), BUFFERS.take());
    let mut framed = Framed::from_parts(parts);
    echo(&mut framed).await;
    // Even after an error the buffers are returned: the hook clears them, or drops them if they are
    // shared.
    let parts = framed.into_parts();
    BUFFERS.put(parts.read_buf);
    BUFFERS.put(parts.write_buf);
}

/// The same with buffers of its own.
async fn serve_fresh(stream: impl AsyncRead + AsyncWrite + Unpin) {
    echo(&mut Framed::new(stream, LengthDelimitedCodec::new())).await;
}

thread_local! {
    static LOCAL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// The same with buffers of the thread on which the connection starts; they stay with the thread on
/// which it ends.
async fn serve_local(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let kept = || LOCAL.with_borrow_mut(Vec::pop);
    let buffer = || kept().unwrap_or_else(|| BytesMut::with_capacity(CAPACITY));
    let mut parts = FramedParts::new::<Bytes>(stream, LengthDelimitedCodec::new());
    (parts.read_buf, parts.write_buf) = (buffer(), buffer());
    let mut framed = Framed::from_parts(parts);
    echo(&mut framed).await;
    let parts = framed.into_parts();
    let whole = [parts.read_buf, parts.write_buf]
        .into_iter()
        .filter_map(|mut buffer| is_whole(&mut buffer).then_some(buffer));
    LOCAL.with_borrow_mut(|kept| kept.extend(whole));
}

/// The source of a connection's buffers.
#[derive(Clone, Copy)]
enum Way {
    Fresh,
    Local,
    Pooled,
}

impl Way {
    async fn serve(self, stream: DuplexStream) {
        match self {
            Self::Fresh => serve_fresh(stream).await,
            Self::Local => serve_local(stream).await,
            Self::Pooled => serve(stream).await,
        }
    }
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(framed: &mut Framed<S, LengthDelimitedCodec>) {
    while let Some(Ok(frame)) = framed.next().await {
        if framed.send(frame.freeze()).await.is_err() {
            return;
        }
    }
}

/// Returns a connection whose client has sent `message` and has closed its side.
async fn connection(message: &Bytes) -> DuplexStream {
    let (client, server) = duplex(64 << 10);
    let mut framed = Framed::new(client, LengthDelimitedCodec::new());
    framed.send(message.clone()).await.unwrap();
    drop(framed);
    server
}

/// Sends one frame, and returns the answer.
fn exchange(runtime: &Runtime, way: Way, message: &Bytes) -> BytesMut {
    runtime.block_on(async {
        let (client, server) = duplex(64 << 10);
        let mut client = Framed::new(client, LengthDelimitedCodec::new());
        let server = tokio::spawn(way.serve(server));
        client.send(message.clone()).await.unwrap();
        let answer = client.next().await.unwrap().unwrap();
        drop(client);
        server.await.unwrap();
        answer
    })
}

fn main() {
    let effort = Effort::from_args();
    let runtime = Builder::new_current_thread().build().unwrap();
    for len in [100, 4000, 60_000] {
        let message = Bytes::from(vec![7; len]);
        for way in [Way::Fresh, Way::Local, Way::Pooled] {
            assert_eq!(exchange(&runtime, way, &message), message);
        }
        let serve_one = |way: Way| {
            runtime.block_on(async {
                let server = connection(black_box(&message)).await;
                way.serve(server).await;
            });
        };
        Table::new(format!("a connection with one frame of {len} bytes"))
            .way("fresh", || serve_one(Way::Fresh))
            .way("thread_local!", || serve_one(Way::Local))
            .way("corepool", || serve_one(Way::Pooled))
            .print(effort);
    }
    // A frame that is still alive keeps its memory: the pool does not hand it out.
    let mut shared = BUFFERS.take();
    shared.extend_from_slice(b"frame");
    let frame = shared.split().freeze();
    let dropped = BUFFERS.stats().dropped;
    BUFFERS.put(shared);
    assert_eq!((BUFFERS.stats().dropped, &frame[..]), (dropped + 1, &b"frame"[..]));
}
