//! Feature `zeroize`: the bytes of a buffer are erased before its memory is used again or freed.

use corepool::buffer::{Buffer, BufferPool};

use crate::allocator::freed_with;
use crate::util::{alone, fail, panics};

static SECRETS: BufferPool = BufferPool::new().with_zeroize();

/// Returns the bytes that the next holder would find in the memory of a buffer that was filled with
/// `secret`.
fn left(pool: &BufferPool, then: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut buffer = pool.with_capacity(4096);
    buffer.resize(4096, b's');
    let memory = buffer.as_ptr();
    then(&mut buffer);
    drop(buffer);
    let mut buffer = pool.with_capacity(4096);
    assert_eq!((buffer.as_ptr(), buffer.len()), (memory, 0));
    // SAFETY: the previous holder has initialised all of these bytes.
    unsafe { buffer.set_len(4096) };
    buffer.to_vec()
}

/// The whole capacity is wiped, whatever the length.
#[test]
fn buffers_are_wiped_as_they_come_back() {
    let _alone = alone();
    assert_eq!(left(&SECRETS, |_| {}), [0; 4096]);
    assert_eq!(left(&SECRETS, Vec::clear), [0; 4096]);
    assert_eq!(left(&SECRETS, |buffer| buffer.truncate(10)), [0; 4096]);
    assert_eq!(left(&BufferPool::new(), Vec::clear), [b's'; 4096]);
}

/// Frozen buffers are wiped too, and wiping does not mislead learning.
#[test]
fn frozen_buffers_are_wiped() {
    let _alone = alone();
    let mut buffer = SECRETS.get();
    buffer.resize(8192, b's');
    drop(buffer.freeze());
    let mut buffer = SECRETS.get();
    assert!(buffer.capacity() >= 8192);
    // SAFETY: at least this many bytes were written.
    unsafe { buffer.set_len(8192) };
    assert!(buffer.iter().all(|&byte| byte == 0));
    Buffer::discard(buffer);
}

/// A copy could not be wiped, so a pool that wipes copies nothing, however short it is.
#[test]
fn secrets_are_not_copied() {
    let _alone = alone();
    for len in [1, 1024] {
        let mut buffer = SECRETS.with_capacity(len);
        buffer.resize(len, b's');
        let memory = buffer.as_ptr();
        let bytes = buffer.freeze();
        assert_eq!(bytes.as_ptr(), memory);
        drop(bytes);
        let mut buffer = SECRETS.with_capacity(len);
        assert_eq!(buffer.as_ptr(), memory);
        // SAFETY: at least this many bytes were written.
        unsafe { buffer.set_len(len) };
        assert_eq!(*buffer, vec![0; len]);
    }
    assert!(SECRETS.get().freeze().is_empty());
}

/// A buffer is wiped on every path on which its memory is freed.
#[test]
fn freed_buffers_are_wiped() {
    let _alone = alone();
    // A pool of its own, so that no larger buffer is found in it.
    static WIPED: BufferPool = BufferPool::new().with_zeroize();
    static PLAIN: BufferPool = BufferPool::new();
    let freed = |pool: &'static BufferPool, end: fn(Buffer<'static>)| {
        let mut buffer = pool.with_capacity(4096);
        buffer.resize(4096, b's');
        freed_with(b's', || end(buffer))
    };
    let ends: [fn(Buffer<'static>); 2] = [Buffer::discard, |buffer| {
        panics(move || {
            let _buffer = buffer;
            fail("half-way")
        });
    }];
    for end in ends {
        assert_eq!(freed(&WIPED, end), (1, 0));
        assert_eq!(freed(&PLAIN, end), (1, 1));
    }
}

/// Buffers that became idle before would be freed unwiped.
#[test]
fn wiping_after_the_first_use_panics() {
    let _alone = alone();
    for used in [BufferPool::new(), BufferPool::new().with_max_capacity(0)] {
        drop(used.get());
        let text = panics(|| used.with_zeroize());
        assert_eq!(text, "wiping must be set before the pool is used");
    }
}
