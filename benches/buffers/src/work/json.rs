//! Records serialised to JSON, as `Bytes`.

use std::{cell::RefCell, hint::black_box};

use bytes::Bytes;
use corepool::buffer::BufferPool;
use corepool_recipes::Table;
use serde::Serialize;

static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Serialize)]
pub struct Record {
    id: u64,
    name: String,
    email: String,
    active: bool,
    score: f64,
    tags: Vec<&'static str>,
}

/// Returns records that make about `kib` KiB of JSON.
pub fn records(kib: usize) -> Vec<Record> {
    let record = |i: usize| Record {
        id: 1_000_000 + i as u64,
        name: format!("Somebody {i}"),
        email: format!("somebody.{i}@example.org"),
        active: i.is_multiple_of(3),
        score: i as f64 / 7.0,
        tags: vec!["one", "two", "three"],
    };
    (0..kib * 1024 / 145).map(record).collect()
}

pub fn fresh(records: &[Record]) -> Bytes {
    Bytes::from(serde_json::to_vec(records).unwrap())
}

/// Allocates with the known length: the best case without a pool.
pub fn exact(records: &[Record], len: usize) -> Bytes {
    let mut output = Vec::with_capacity(len);
    serde_json::to_writer(&mut output, records).unwrap();
    Bytes::from(output)
}

pub fn thread_local(records: &[Record]) -> Bytes {
    LOCAL.with_borrow_mut(|output| {
        output.clear();
        serde_json::to_writer(&mut *output, records).unwrap();
        Bytes::copy_from_slice(output)
    })
}

pub fn pooled(records: &[Record]) -> Bytes {
    let mut output = BUFFERS.get();
    serde_json::to_writer(&mut *output, records).unwrap();
    output.freeze()
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 12, 100] {
        let records = &records(kib);
        let len = fresh(records).len();
        assert!(pooled(records) == fresh(records) && thread_local(records) == fresh(records));
        let mut table = Table::new(format!("JSON of {kib} KiB"))
            .way("fresh", || drop(black_box(fresh(black_box(records)))))
            .way("fresh, length known", || drop(black_box(exact(black_box(records), len))))
            .way("thread_local!", || drop(black_box(thread_local(black_box(records)))))
            .way("corepool", || drop(black_box(pooled(black_box(records)))));
        f(&mut table);
    }
}
