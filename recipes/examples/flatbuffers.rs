//! Builders of FlatBuffers: their memory grows downwards, doubles, and must be zero.
//!
//! `reset` zeroes the used memory and keeps all of it; the hook calls it on each return. The
//! builder does not expose its capacity, so a large message is recognised by the number of bytes
//! written.
//!
//! ```console
//! $ cargo run --release --example flatbuffers [-- --quick]
//! ```

use std::{cell::RefCell, hint::black_box};

use bytes::Bytes;
use corepool::{Pool, Pooled, buffer::BufferPool};
use corepool_recipes::{Effort, Table};
use flatbuffers::{FlatBufferBuilder, WIPOffset};

static BUILDERS: Pool<FlatBufferBuilder<'static>> =
    <Pool<FlatBufferBuilder<'static>>>::new(FlatBufferBuilder::new).with_recycle(|builder| {
        builder.reset();
        true
    });

static BUFFERS: BufferPool = BufferPool::new();

/// A builder that has held a larger message is not kept.
const LARGEST: usize = 1 << 20;

/// A message: strings in a vector, in a table with one more field.
fn write(builder: &mut FlatBufferBuilder<'_>, names: &[String]) {
    let names: Vec<WIPOffset<&str>> =
        names.iter().map(|name| builder.create_string(name)).collect();
    let names = builder.create_vector(&names);
    let table = builder.start_table();
    builder.push_slot_always(4, names);
    builder.push_slot(6, 42_u32, 0);
    let table = builder.end_table(table);
    builder.finish_minimal(table);
}

pub fn message(names: &[String]) -> Bytes {
    let mut builder = BUILDERS.get();
    write(&mut builder, names);
    let data = builder.finished_data();
    let mut output = BUFFERS.with_capacity(data.len());
    output.extend_from_slice(data);
    if data.len() > LARGEST {
        Pooled::discard(builder);
    }
    output.freeze()
}

/// No pool: nothing is copied, and nothing is reused.
fn fresh(names: &[String]) -> Bytes {
    let mut builder = FlatBufferBuilder::new();
    write(&mut builder, names);
    let (memory, start) = builder.collapse();
    Bytes::from(memory).slice(start..)
}

thread_local! {
    static LOCAL: RefCell<FlatBufferBuilder<'static>> = RefCell::default();
}

fn thread_local(names: &[String]) -> Bytes {
    LOCAL.with_borrow_mut(|builder| {
        builder.reset();
        write(builder, names);
        Bytes::copy_from_slice(builder.finished_data())
    })
}

fn main() {
    let effort = Effort::from_args();
    for count in [4, 100, 2000] {
        let names: Vec<_> = (0..count).map(|i| format!("name number {i:>20}")).collect();
        let data = message(&names);
        assert_eq!(data, fresh(&names));
        Table::new(format!("FlatBuffers, {} bytes", data.len()))
            .way("fresh", || drop(black_box(fresh(black_box(&names)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&names)))))
            .way("corepool", || drop(black_box(message(black_box(&names)))))
            .print(effort);
    }
    assert_eq!(
        message(&vec!["x".repeat(1000); 2000]).len() > LARGEST,
        BUILDERS.stats().dropped > 0
    );
}
