//! Documents compressed at level 3, as `Bytes`: in one piece, whose length zstd knows and adapts
//! to; and as a stream, as in servers, whose length is not known before its end.

use std::{cell::RefCell, hint::black_box, io::Write};

use bytes::Bytes;
use corepool::{Pool, buffer::BufferPool};
use corepool_recipes::{Table, json};
use zstd::{
    bulk::Compressor,
    stream::write::Encoder,
    zstd_safe::{CCtx, CParameter, compress_bound},
};

static CONTEXTS: Pool<Compressor<'static>> = Pool::new(context);
static STREAMS: Pool<CCtx<'static>> = Pool::new(stream_context);
static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: RefCell<(Compressor<'static>, Vec<u8>)> = RefCell::new((context(), Vec::new()));
    static LOCAL_STREAM: RefCell<(CCtx<'static>, Vec<u8>)> = RefCell::new((stream_context(), Vec::new()));
}

fn context() -> Compressor<'static> {
    Compressor::new(3).expect("a context")
}

fn fresh(data: &[u8]) -> Bytes {
    Bytes::from(zstd::bulk::compress(data, 3).unwrap())
}

/// The result must be copied out of the thread's own buffer.
fn thread_local(data: &[u8]) -> Bytes {
    LOCAL.with_borrow_mut(|(context, output)| {
        output.clear();
        output.reserve(compress_bound(data.len()));
        context.compress_to_buffer(data, output).unwrap();
        Bytes::copy_from_slice(output)
    })
}

fn pooled(data: &[u8]) -> Bytes {
    let mut output = BUFFERS.with_capacity(compress_bound(data.len()));
    CONTEXTS.get().compress_to_buffer(data, &mut *output).unwrap();
    output.freeze()
}

fn stream_context() -> CCtx<'static> {
    let mut context = CCtx::create();
    context.set_parameter(CParameter::CompressionLevel(3)).expect("a level");
    context
}

fn write<W: Write>(mut to: Encoder<'_, W>, data: &[u8]) -> W {
    to.write_all(data).unwrap();
    to.finish().unwrap()
}

fn fresh_stream(data: &[u8]) -> Bytes {
    Bytes::from(write(Encoder::new(Vec::new(), 3).unwrap(), data))
}

fn thread_local_stream(data: &[u8]) -> Bytes {
    LOCAL_STREAM.with_borrow_mut(|(context, output)| {
        output.clear();
        write(Encoder::with_context(&mut *output, context), data);
        Bytes::copy_from_slice(output)
    })
}

fn pooled_stream(data: &[u8]) -> Bytes {
    let mut context = STREAMS.get();
    write(Encoder::with_context(BUFFERS.get(), &mut context), data).freeze()
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for len in [64, 1024, 8192, 65_536] {
        let data = json(len);
        let expected = fresh(&data);
        assert!(thread_local(&data) == expected && pooled(&data) == expected);
        let mut table = Table::new(format!("zstd, {len} bytes in one piece"))
            .way("fresh", || drop(black_box(fresh(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&data)))))
            .way("corepool", || drop(black_box(pooled(black_box(&data)))));
        f(&mut table);
        let expected = fresh_stream(&data);
        assert!(thread_local_stream(&data) == expected && pooled_stream(&data) == expected);
        let mut table = Table::new(format!("zstd, a stream of {len} bytes"))
            .way("fresh", || drop(black_box(fresh_stream(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local_stream(black_box(&data)))))
            .way("corepool", || drop(black_box(pooled_stream(black_box(&data)))));
        f(&mut table);
    }
}
