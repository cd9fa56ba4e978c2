//! Contexts of zstd and of flate2, and buffers for what they write, in the fewest lines. The examples
//! `zstd` and `flate2` have more: levels, streams, decoders.
//!
//! ```console
//! $ cargo run --release --example contexts [-- --quick]
//! ```

use std::{hint::black_box, io};

use bytes::Bytes;
use corepool::{Pool, buffer::BufferPool};
use corepool_recipes::{Effort, Table, json};
use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::bulk::Compressor;

static BUFFERS: BufferPool = BufferPool::new();

/// A context of zstd needs no cleaning.
static ZSTD: Pool<Compressor<'static>> = Pool::new(|| Compressor::new(3).expect("memory"));

/// One of zlib is reset when it comes back.
static ZLIB: Pool<Compress> = <Pool<Compress>>::new(|| Compress::new(Compression::default(), true))
    .with_recycle(|context| {
        context.reset();
        true
    });

fn zstd(context: &mut Compressor<'_>, data: &[u8]) -> io::Result<Bytes> {
    let mut output = BUFFERS.with_capacity(zstd::zstd_safe::compress_bound(data.len()));
    context.compress_to_buffer(data, &mut *output)?;
    Ok(output.freeze())
}

fn zlib(context: &mut Compress, data: &[u8]) -> io::Result<Bytes> {
    // What does not shrink grows by a few bytes.
    let mut output = BUFFERS.with_capacity(data.len() + data.len() / 1000 + 64);
    match context.compress_vec(data, &mut output, FlushCompress::Finish)? {
        Status::StreamEnd => Ok(output.freeze()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

fn main() {
    let (data, effort) = (json(1024), Effort::from_args());
    let new_zstd = || Compressor::new(3).expect("memory");
    let new_zlib = || Compress::new(Compression::default(), true);
    assert_eq!(zstd(&mut ZSTD.get(), &data).unwrap(), zstd(&mut new_zstd(), &data).unwrap());
    assert_eq!(zlib(&mut ZLIB.get(), &data).unwrap(), zlib(&mut new_zlib(), &data).unwrap());
    Table::new("zstd, 1 KiB of JSON")
        .way("fresh", || drop(black_box(zstd(&mut new_zstd(), &data))))
        .way("corepool", || drop(black_box(zstd(&mut ZSTD.get(), &data))))
        .print(effort);
    Table::new("zlib, 1 KiB of JSON")
        .way("fresh", || drop(black_box(zlib(&mut new_zlib(), &data))))
        .way("corepool", || drop(black_box(zlib(&mut ZLIB.get(), &data))))
        .print(effort);
}
