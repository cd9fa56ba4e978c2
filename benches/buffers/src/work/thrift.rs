//! A record of the `thrift_echo` example encoded by the code that Apache's compiler generated,
//! compact protocol, and then dropped.

use std::{cell::RefCell, hint::black_box};

use corepool::buffer::BufferPool;
use corepool_recipes::Table;
use thrift::protocol::{TCompactOutputProtocol, TSerializable};

#[allow(warnings, clippy::all)]
#[rustfmt::skip]
#[path = "../../../../examples/thrift_echo/echo.rs"]
mod echo;

use echo::{Line, Record, Span};

static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn record(len: usize) -> Record {
    let line =
        |number| Line { number, text: format!("line number {number} of some text, not long") };
    Record {
        path: "src/record.rs".into(),
        file_size: len as i64,
        span: Span::new(0, 1, 1),
        lines: (0..len as i32 / 100).map(line).collect(),
        words: [("line".to_owned(), 7), ("number".to_owned(), 7)].into(),
        raw: vec![7; len / 2],
    }
}

fn encode(record: &Record, output: &mut Vec<u8>) {
    record.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut *output)).unwrap();
    black_box(output);
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 16, 256] {
        let record = &record(kib << 10);
        let mut table = Table::new(format!("Thrift, {kib} KiB"))
            .way("fresh", || encode(black_box(record), &mut Vec::new()))
            .way("thread_local!", || {
                LOCAL.with_borrow_mut(|output| {
                    output.clear();
                    encode(black_box(record), output);
                });
            })
            .way("corepool", || encode(black_box(record), &mut BUFFERS.get()))
            .way("no buffer", || {
                let mut output = TCompactOutputProtocol::new(std::io::sink());
                black_box(record).write_to_out_protocol(&mut output).unwrap();
            });
        f(&mut table);
    }
}
