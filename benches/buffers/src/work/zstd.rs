//! Documents compressed at level 3, as `Bytes`.

use std::{cell::RefCell, hint::black_box};

use bytes::Bytes;
use corepool::{Pool, buffer::BufferPool};
use corepool_recipes::{Table, json};
use zstd::{bulk::Compressor, zstd_safe::compress_bound};

static CONTEXTS: Pool<Compressor<'static>> = Pool::new(context);
static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: RefCell<(Compressor<'static>, Vec<u8>)> = RefCell::new((context(), Vec::new()));
}

fn context() -> Compressor<'static> {
    Compressor::new(3).expect("a context")
}

fn fresh(data: &[u8]) -> Bytes {
    Bytes::from(zstd::bulk::compress(data, 3).unwrap())
}

/// What goes elsewhere must be copied out of what stays here.
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

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for len in [64, 1024, 8192, 65_536] {
        let data = json(len);
        assert!(pooled(&data) == fresh(&data) && thread_local(&data) == fresh(&data));
        let mut table = Table::new(format!("zstd, {len} bytes"))
            .way("fresh", || drop(black_box(fresh(black_box(&data)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&data)))))
            .way("corepool", || drop(black_box(pooled(black_box(&data)))));
        f(&mut table);
    }
}
