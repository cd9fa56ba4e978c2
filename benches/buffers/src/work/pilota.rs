//! The record of the `thrift_echo` example received as a frame and decoded by pilota, binary protocol.
//! Its strings and bytes are slices of the frame, which is frozen for that, and goes with the record.
//!
//! `pilota_echo.rs` comes from `pilota_build::Builder::thrift()`, which is published as pilota is.

use std::{cell::RefCell, hint::black_box};

use bytes::{Bytes, BytesMut};
use corepool::buffer::BufferPool;
use corepool_recipes::Table;
use pilota::thrift::{Message, binary::TBinaryProtocol};

#[allow(warnings, clippy::all, clippy::undocumented_unsafe_blocks)]
#[rustfmt::skip]
#[path = "../../../../examples/thrift_echo/pilota_echo.rs"]
mod generated;

use generated::r#gen::echo::{Line, Record, Span};

static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: RefCell<BytesMut> = RefCell::default();
}

fn record(len: usize) -> Record {
    let text = |number| format!("line number {number} of some text, not long");
    Record {
        path: "src/record.rs".into(),
        file_size: len as i64,
        span: Span { offset: 0, piece: 1, pieces: 1 },
        lines: (0..len as i32 / 100)
            .map(|number| Line { number, text: text(number).into() })
            .collect(),
        words: [("line".into(), 7), ("number".into(), 7)].into_iter().collect(),
        raw: vec![7; len / 2].into(),
    }
}

fn decode(mut frame: Bytes) -> Record {
    Record::decode(&mut TBinaryProtocol::new(&mut frame, true)).expect("what was encoded")
}

/// As volo does: a buffer for each frame, as long as that.
fn fresh(wire: &[u8]) -> Record {
    let mut frame = BytesMut::with_capacity(wire.len());
    frame.extend_from_slice(wire);
    decode(frame.freeze())
}

/// Its memory is used again once the frame before has gone.
fn thread_local(wire: &[u8]) -> Record {
    LOCAL.with_borrow_mut(|frame| {
        frame.reserve(wire.len());
        frame.extend_from_slice(wire);
        decode(frame.split().freeze())
    })
}

/// The length of a frame has been checked against a limit when it is read.
fn pooled(wire: &[u8]) -> Record {
    let mut frame = BUFFERS.with_capacity(wire.len());
    frame.extend_from_slice(wire);
    decode(frame.freeze())
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 16, 256] {
        let record = record(kib << 10);
        let mut wire = BytesMut::new();
        record.encode(&mut TBinaryProtocol::new(&mut wire, false)).expect("a buffer grows");
        assert!([fresh, thread_local, pooled].iter().all(|way| way(&wire) == record));
        let mut table = Table::new(format!("pilota decodes {kib} KiB"))
            .way("fresh", || drop(black_box(fresh(black_box(&wire)))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(&wire)))))
            .way("corepool", || drop(black_box(pooled(black_box(&wire)))));
        f(&mut table);
    }
}
