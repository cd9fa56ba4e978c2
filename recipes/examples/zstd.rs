//! zstd contexts: each takes up to 650 KiB, 3.5 MiB for a stream, and needs no cleaning.
//!
//! A context here has a fixed level, so there is a pool for each level. The output goes to a pooled
//! buffer, which becomes a `Bytes`.
//!
//! For data in one piece, whose length is known, zstd makes the context as small as possible. A
//! stream may become long, so its context is as large as the level requires: servers that compress
//! their responses use streams, and a pool gains most there.
//!
//! ```console
//! $ cargo run --release --example zstd [-- --quick]
//! ```

use std::{
    cell::RefCell,
    hint::black_box,
    io::{self, Read},
};

use bytes::Bytes;
use corepool::{Pool, Pooled, buffer::BufferPool};
use corepool_recipes::{Effort, Table, json};
use zstd::{
    bulk::{Compressor, Decompressor},
    stream::write::Encoder,
    zstd_safe::{CCtx, CParameter, compress_bound},
};

static BUFFERS: BufferPool = BufferPool::new();

/// Contexts of three levels.
static FAST: Pool<Compressor<'static>> = Pool::new(|| compressor(1));
static NORMAL: Pool<Compressor<'static>> = Pool::new(|| compressor(3));
static STRONG: Pool<Compressor<'static>> = Pool::new(|| compressor(9));

/// Contexts of streams at level 3.
static STREAMS: Pool<CCtx<'static>> = Pool::new(stream_context);

static DECOMPRESSORS: Pool<Decompressor<'static>> =
    Pool::new(|| Decompressor::new().expect("memory for a context"));

#[derive(Clone, Copy, Debug)]
pub enum Level {
    Fast,
    Normal,
    Strong,
}

fn compressor(level: i32) -> Compressor<'static> {
    Compressor::new(level).expect("a level that zstd knows, and memory for a context")
}

fn stream_context() -> CCtx<'static> {
    let mut context = CCtx::try_create().expect("memory for a context");
    context.set_parameter(CParameter::CompressionLevel(3)).expect("a level that zstd knows");
    context
}

/// Compresses, with neither a new context nor a new buffer.
pub fn compress(level: Level, data: &[u8]) -> io::Result<Bytes> {
    let mut context = match level {
        Level::Fast => FAST.get(),
        Level::Normal => NORMAL.get(),
        Level::Strong => STRONG.get(),
    };
    // `compress_bound` is zstd's own limit, not a length from the data.
    let mut output = BUFFERS.with_capacity(compress_bound(data.len()));
    context.compress_to_buffer(data, &mut *output)?;
    Ok(output.freeze())
}

/// Compresses a stream, without a new context. The encoder has a small buffer of its own.
pub fn compress_stream(mut from: impl Read) -> io::Result<Bytes> {
    let mut context = STREAMS.get();
    let mut encoder = Encoder::with_context(BUFFERS.get(), &mut context);
    // If this fails half-way, the context is inside a frame. `with_context` resets it.
    io::copy(&mut from, &mut encoder)?;
    Ok(encoder.finish()?.freeze())
}

/// Decompresses at most `limit` bytes. The length in the data itself is not trusted.
pub fn decompress(data: &[u8], limit: usize) -> io::Result<Bytes> {
    let mut context = DECOMPRESSORS.get();
    let mut output = BUFFERS.with_capacity(limit);
    match context.decompress_to_buffer(data, &mut *output) {
        Ok(_) => Ok(output.freeze()),
        Err(error) => {
            // It failed half-way. zstd permits using it again, but this recipe does not rely on
            // that.
            Pooled::discard(context);
            Err(error)
        }
    }
}

fn fresh(data: &[u8]) -> Bytes {
    Bytes::from(zstd::bulk::compress(data, 3).unwrap())
}

fn fresh_stream(data: &[u8]) -> Bytes {
    Bytes::from(zstd::encode_all(data, 3).unwrap())
}

thread_local! {
    static LOCAL: RefCell<(Compressor<'static>, Vec<u8>)> = RefCell::new((compressor(3), Vec::new()));
    static LOCAL_STREAM: RefCell<(CCtx<'static>, Vec<u8>)> = RefCell::new((stream_context(), Vec::new()));
}

fn thread_local(data: &[u8]) -> Bytes {
    LOCAL.with_borrow_mut(|(context, output)| {
        output.clear();
        output.reserve(compress_bound(data.len()));
        context.compress_to_buffer(data, output).unwrap();
        Bytes::copy_from_slice(output)
    })
}

fn thread_local_stream(mut data: &[u8]) -> Bytes {
    LOCAL_STREAM.with_borrow_mut(|(context, output)| {
        output.clear();
        let mut encoder = Encoder::with_context(&mut *output, context);
        io::copy(&mut data, &mut encoder).unwrap();
        encoder.finish().unwrap();
        Bytes::copy_from_slice(output)
    })
}

/// A source that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

fn main() {
    let effort = Effort::from_args();
    for len in [64, 1024, 8192, 65_536] {
        let data = json(len);
        let compressed = compress(Level::Normal, &data).unwrap();
        assert_eq!(compressed, fresh(&data));
        assert_eq!(decompress(&compressed, len).unwrap(), data);
        assert!(decompress(&data, len).is_err());
        assert!(compress_stream(data.chain(Broken)).is_err());
        assert_eq!(compress_stream(&data[..]).unwrap(), fresh_stream(&data));
        assert_eq!(thread_local_stream(&data), fresh_stream(&data));
        for level in [Level::Fast, Level::Strong] {
            assert_eq!(decompress(&compress(level, &data).unwrap(), len).unwrap(), data);
        }
        Table::new(format!("zstd, level 3, {len} bytes in one piece"))
            .way("fresh", || drop(black_box(fresh(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&data)))))
            .way("corepool", || drop(black_box(compress(Level::Normal, black_box(&data)))))
            .print(effort);
        Table::new(format!("zstd, level 3, a stream of {len} bytes"))
            .way("fresh", || drop(black_box(fresh_stream(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local_stream(black_box(&data)))))
            .way("corepool", || drop(black_box(compress_stream(black_box(&data[..])))))
            .print(effort);
    }
}
