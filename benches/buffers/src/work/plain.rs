//! Buffers alone: get a buffer, write about one byte in each page, drop it.

use std::{cell::Cell, hint::black_box, mem::MaybeUninit};

use corepool::buffer::BufferPool;
use corepool_recipes::Table;

static BUFFERS: BufferPool = BufferPool::new();

thread_local! {
    static LOCAL: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

fn touch(buffer: &mut Vec<u8>) {
    // Not the same line of each page: such lines share a few sets of the caches, and conflicts
    // would distort the times.
    let pages = buffer.spare_capacity_mut().iter_mut().step_by(4096 + 64);
    pages.for_each(|byte| *byte = MaybeUninit::new(1));
    black_box(buffer);
}

pub fn tables(f: &mut impl FnMut(&mut Table<'_>)) {
    for kib in [1, 4, 64, 1024] {
        let len = kib << 10;
        let mut table = Table::new(format!("a buffer of {kib} KiB"))
            .way("fresh", || touch(&mut Vec::with_capacity(black_box(len))))
            .way("thread_local!", || {
                let mut buffer = LOCAL.take();
                buffer.clear();
                buffer.reserve(black_box(len));
                touch(&mut buffer);
                LOCAL.set(buffer);
            })
            .way("corepool", || touch(&mut BUFFERS.with_capacity(black_box(len))));
        f(&mut table);
        LOCAL.take();
    }
}
