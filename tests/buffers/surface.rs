//! Every public item of `corepool::buffer`, used once, as a user's program writes it. A change that
//! breaks such a program fails here to compile.

use std::io::Write;

use bytes::{BufMut, Bytes};
use corepool::buffer::{Buffer, BufferPool, BufferStats};

use crate::util::alone;

static BUFFERS: BufferPool =
    BufferPool::new().with_max_capacity(1 << 20).with_max_idle_bytes(16 << 20);
static SECRETS: BufferPool = BufferPool::new().with_zeroize();

#[test]
fn buffers_are_got_in_every_way() {
    let _alone = alone();
    let got: Buffer<'_> = BUFFERS.get();
    let sized: Buffer<'_> = BUFFERS.with_capacity(100);
    let tried: Buffer<'_> = BUFFERS.try_with_capacity(100).unwrap();
    let zeroed: Buffer<'_> = BUFFERS.zeroed(10);
    let adopted: Buffer<'_> = BUFFERS.adopt(vec![1, 2]);
    assert!(got.is_empty() && sized.capacity() >= 100 && tried.capacity() >= 100);
    assert_eq!((&zeroed[..], &adopted[..]), (&[0; 10][..], &[1, 2][..]));
    assert!(SECRETS.get().is_empty());
}

#[test]
fn a_buffer_is_used_in_every_way() {
    let _alone = alone();
    let local = BufferPool::new();
    let mut borrowed: Buffer<'_> = local.get();
    borrowed.push(1);
    assert_eq!(Buffer::into_vec(borrowed), [1]);
    Buffer::discard(local.get());
    let mut buffer: Buffer<'static> = BUFFERS.get();
    buffer.write_all(b"write ").unwrap();
    buffer.put_slice(b"put ");
    buffer.extend([b'e']);
    let vec: &mut Vec<u8> = &mut buffer;
    vec.push(b'v');
    let slice: &[u8] = buffer.as_ref();
    assert_eq!(slice, b"write put ev");
    let frozen: Bytes = buffer.freeze();
    let converted: Bytes = BUFFERS.zeroed(3).into();
    assert_eq!((&frozen[..], &converted[..]), (&b"write put ev"[..], &[0; 3][..]));
    assert!(size_of::<Buffer<'_>>() <= 40);
}

#[test]
fn a_pool_is_emptied_and_counted() {
    let _alone = alone();
    let pool: BufferPool = BufferPool::default();
    drop(pool.get());
    pool.trim();
    pool.clear();
    let stats: BufferStats = pool.stats();
    assert_eq!(stats.outstanding, 0);
}
