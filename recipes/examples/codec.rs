//! `BytesMut` for the codecs of tokio-util: a connection takes its two buffers from a pool and gives
//! them back at its end.
//!
//! A `BytesMut` of which frames have been split off shares its memory with them. `try_reclaim` says,
//! without allocating, whether it has all of it back. One that has not is dropped: its memory goes
//! with the last frame.
//!
//! ```console
//! $ cargo run --release --example codec [-- --quick]
//! ```

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use corepool::Pool;
use corepool_recipes::{Effort, Table};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    runtime::{Builder, Runtime},
};
use tokio_util::codec::{Framed, FramedParts, LengthDelimitedCodec};

/// What a `Framed` asks for.
const CAPACITY: usize = 8192;

static BUFFERS: Pool<BytesMut> = <Pool<BytesMut>>::new(|| BytesMut::with_capacity(CAPACITY))
    .with_recycle(|buffer| {
        buffer.clear();
        buffer.try_reclaim(CAPACITY) && buffer.capacity() <= 16 * CAPACITY
    });

/// Serves a connection with pooled buffers: echoes frames until there are no more.
pub async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut parts = FramedParts::new::<Bytes>(stream, LengthDelimitedCodec::new());
    (parts.read_buf, parts.write_buf) = (BUFFERS.take(), BUFFERS.take());
    let mut framed = Framed::from_parts(parts);
    echo(&mut framed).await;
    // Also after an error: what is left in them is cleared, or dropped if it is shared.
    let parts = framed.into_parts();
    BUFFERS.put(parts.read_buf);
    BUFFERS.put(parts.write_buf);
}

/// The same with buffers of its own.
async fn serve_fresh(stream: impl AsyncRead + AsyncWrite + Unpin) {
    echo(&mut Framed::new(stream, LengthDelimitedCodec::new())).await;
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(framed: &mut Framed<S, LengthDelimitedCodec>) {
    while let Some(Ok(frame)) = framed.next().await {
        if framed.send(frame.freeze()).await.is_err() {
            return;
        }
    }
}

/// A client of few words, which does not wait for the answer before it ends.
async fn connection(message: &Bytes) -> DuplexStream {
    let (client, server) = duplex(64 << 10);
    let mut framed = Framed::new(client, LengthDelimitedCodec::new());
    framed.send(message.clone()).await.unwrap();
    drop(framed);
    server
}

/// One frame there and back.
fn exchange(runtime: &Runtime, pooled: bool, message: &Bytes) -> BytesMut {
    runtime.block_on(async {
        let (client, server) = duplex(64 << 10);
        let mut client = Framed::new(client, LengthDelimitedCodec::new());
        let server = tokio::spawn(async move {
            if pooled { serve(server).await } else { serve_fresh(server).await }
        });
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
        for pooled in [false, true] {
            assert_eq!(exchange(&runtime, pooled, &message), message);
        }
        let serve_one = |pooled: bool| {
            runtime.block_on(async {
                let server = connection(black_box(&message)).await;
                if pooled { serve(server).await } else { serve_fresh(server).await }
            });
        };
        Table::new(format!("a connection with one frame of {len} bytes"))
            .way("fresh", || serve_one(false))
            .way("corepool", || serve_one(true))
            .print(effort);
    }
    // A frame that lives on keeps its memory; the pool does not hand it out.
    let mut shared = BUFFERS.take();
    shared.extend_from_slice(b"frame");
    let frame = shared.split().freeze();
    let dropped = BUFFERS.stats().dropped;
    BUFFERS.put(shared);
    assert_eq!((BUFFERS.stats().dropped, &frame[..]), (dropped + 1, &b"frame"[..]));
}
