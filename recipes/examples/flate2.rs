//! gzip: `GzEncoder` cannot be reset, but the `Compress` inside it can. There is a pool of
//! `Compress` for each level; the few bytes of header and trailer are written by hand.
//!
//! ```console
//! $ cargo run --release --example flate2 [-- --quick]
//! ```

use std::{
    cell::RefCell,
    hint::black_box,
    io::{Error, ErrorKind, Read, Result, Write},
};

use bytes::{BufMut, Bytes};
use corepool::{
    Pool, Pooled,
    buffer::{Buffer, BufferPool},
};
use corepool_recipes::{Effort, Table, json};
use flate2::{
    Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status,
    read::MultiGzDecoder, write::GzEncoder,
};

static BUFFERS: BufferPool = BufferPool::new();

/// The hook resets contexts when they are returned, so that they are clean while idle.
static FAST: Pool<Compress> = context(|| Compress::new(Compression::fast(), false));
static NORMAL: Pool<Compress> = context(|| Compress::new(Compression::default(), false));

static INFLATE: Pool<Decompress> = Pool::new(|| Decompress::new(false));

const fn context(create: fn() -> Compress) -> Pool<Compress> {
    Pool::new(create).with_recycle(|context| {
        context.reset();
        true
    })
}

/// Deflate, no name, no time, any system.
const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];

fn gzip_with(context: &mut Compress, data: &[u8], output: &mut Vec<u8>) {
    let mut sum = Crc::new();
    sum.update(data);
    output.extend(HEADER);
    let mut done = 0;
    loop {
        // More room, for data that does not shrink.
        output.reserve(data.len() / 2 + 64);
        let before = context.total_in();
        let status = context.compress_vec(&data[done..], output, FlushCompress::Finish);
        done += (context.total_in() - before) as usize;
        if status.expect("deflate does not fail") == Status::StreamEnd {
            break;
        }
    }
    output.put_u32_le(sum.sum());
    output.put_u32_le(data.len() as u32);
}

/// Compresses with neither a new context nor a new buffer.
pub fn gzip(fast: bool, data: &[u8]) -> Bytes {
    let mut context = if fast { FAST.get() } else { NORMAL.get() };
    let mut output = BUFFERS.get();
    gzip_with(&mut context, data, &mut output);
    output.freeze()
}

/// Inflates a raw stream of at most `limit` bytes.
pub fn inflate(data: &[u8], limit: usize) -> Result<Buffer<'static>> {
    let mut context = INFLATE.get();
    let mut output = BUFFERS.with_capacity(limit);
    context.reset(false);
    match context.decompress_vec(data, &mut output, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) => Ok(output),
        // Bad data, or too much of it: the context stopped inside a stream.
        _ => {
            Pooled::discard(context);
            Err(Error::from(ErrorKind::InvalidData))
        }
    }
}

fn fresh(data: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    Bytes::from(encoder.finish().unwrap())
}

/// A new context, but not a new buffer: the guard goes into the encoder by value.
fn buffer_only(data: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(BUFFERS.get(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap().freeze()
}

thread_local! {
    static LOCAL: RefCell<(Compress, Vec<u8>)> =
        RefCell::new((Compress::new(Compression::default(), false), Vec::new()));
}

fn thread_local(data: &[u8]) -> Bytes {
    LOCAL.with_borrow_mut(|(context, output)| {
        context.reset();
        output.clear();
        gzip_with(context, data, output);
        Bytes::copy_from_slice(output)
    })
}

fn main() {
    let effort = Effort::from_args();
    for len in [64, 1024, 8192, 65_536] {
        let data = json(len);
        for compressed in [gzip(true, &data), gzip(false, &data), fresh(&data), buffer_only(&data)]
        {
            let mut back = Vec::new();
            MultiGzDecoder::new(&compressed[..]).read_to_end(&mut back).unwrap();
            assert_eq!(back, data);
            let raw = &compressed[HEADER.len()..compressed.len() - 8];
            assert_eq!(*inflate(raw, len + 1).unwrap(), data);
            assert!(inflate(&raw[1..], len + 1).is_err() || inflate(raw, len / 2).is_err());
        }
        Table::new(format!("gzip, level 6, {len} bytes"))
            .way("fresh", || drop(black_box(fresh(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&data)))))
            .way("corepool, the buffer only", || drop(black_box(buffer_only(black_box(&data)))))
            .way("corepool", || drop(black_box(gzip(false, black_box(&data)))))
            .print(effort);
    }
}
