//! The hit path, alone in a function, so that `ci/hit` can search its machine code.

use std::hint::black_box;

use corepool::Pool;

static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));

/// Gets a buffer, keeps the compiler from removing it, and gives it back.
#[unsafe(no_mangle)]
#[inline(never)]
fn hit() {
    black_box(&mut *BUFFERS.get());
}

fn main() {
    for _ in 0..1000 {
        hit();
    }
    assert_eq!(BUFFERS.stats().hits, 999);
}
