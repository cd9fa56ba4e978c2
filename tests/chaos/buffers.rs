//! Buffers in chaos mode.
#![cfg(feature = "bytes")]

use std::thread;

use corepool::{
    buffer::{Buffer, BufferPool},
    chaos,
};

use crate::{message, run, seeds};

#[test]
fn a_write_after_a_buffer_has_gone() {
    static BUFFERS: BufferPool = BufferPool::new();
    for seed in seeds() {
        let _alone = run(seed);
        let message = message(|| {
            let mut buffer = BUFFERS.with_capacity(5000);
            buffer.resize(5000, 1);
            let pointer = buffer.as_mut_ptr();
            drop(buffer);
            // SAFETY: none, this is the misuse. The memory is still allocated.
            unsafe { pointer.add(4000).write(7) };
            drop(BUFFERS.with_capacity(5000));
        });
        assert!(message.contains("a pool of buffers: the buffer of an object"), "{message}");
        assert!(message.contains("at byte 4000,"), "{message}");
    }
}

#[test]
fn a_write_after_bytes_have_gone() {
    // Not dropped: the end of the pool would find a write to another of its buffers.
    static BUFFERS: BufferPool = BufferPool::new();
    let _alone = run(1);
    let message = message(|| {
        let mut buffer = BUFFERS.get_owned();
        buffer.resize(5000, 1);
        let pointer = buffer.as_mut_ptr();
        let bytes = buffer.freeze();
        thread::scope(|s| _ = s.spawn(|| drop(bytes)));
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(BUFFERS.get());
    });
    assert!(message.contains("the buffer of an object was written to"), "{message}");
}

/// The contents of a short buffer are copied otherwise.
#[test]
fn a_write_after_short_bytes_have_gone() {
    static BUFFERS: BufferPool = BufferPool::new();
    let _alone = run(1);
    let message = message(|| {
        let mut buffer = BUFFERS.get_owned();
        buffer.resize(50, 1);
        let pointer = buffer.as_mut_ptr();
        let bytes = buffer.freeze();
        assert_eq!((&bytes[..], bytes.as_ptr()), (&[1; 50][..], pointer.cast_const()));
        drop(bytes);
        // SAFETY: none, this is the misuse. The memory is still allocated.
        unsafe { pointer.write(7) };
        drop(BUFFERS.get());
    });
    assert!(message.contains("the buffer of an object was written to"), "{message}");
}

#[test]
fn an_idle_buffer_shows_the_pattern() {
    static BUFFERS: BufferPool = BufferPool::new();
    let _alone = run(2);
    let shown = (0..100).any(|_| {
        let mut buffer = BUFFERS.with_capacity(2000);
        let used_before = BUFFERS.stats().hits > 0;
        if used_before {
            // SAFETY: chaos mode has filled it.
            let bytes = unsafe { std::slice::from_raw_parts(buffer.as_ptr(), 2000) };
            // Unless it is new, and was never filled.
            return bytes.iter().all(|&byte| byte == 0xdb);
        }
        buffer.resize(2000, 1);
        false
    });
    assert!(shown);
}

#[test]
fn buffers_keep_their_promises() {
    for seed in seeds() {
        let _alone = run(seed);
        let pool = BufferPool::new().with_max_idle(4).with_max_capacity(1 << 16);
        let work = || {
            for i in 0..if cfg!(miri) { 10 } else { 100 } {
                let mut buffer = pool.get();
                assert!(buffer.is_empty());
                buffer.resize(i * 100, 7);
                let sized = pool.with_capacity(i * 50);
                assert!(sized.is_empty() && sized.capacity() >= i * 50);
                assert!(pool.zeroed(i).iter().all(|&byte| byte == 0));
                let mut owned = pool.get_owned();
                owned.extend_from_slice(&[i as u8; 2000]);
                let bytes = owned.freeze();
                drop((buffer, sized));
                assert!(bytes.iter().all(|&byte| byte == i as u8));
                assert_eq!(Buffer::into_vec(pool.adopt(vec![1; i])), vec![1; i]);
                drop(pool.adopt(Vec::with_capacity(4096)));
                assert!(pool.stats().idle <= 4);
            }
        };
        thread::scope(|s| (0..2).for_each(|_| _ = s.spawn(work)));
        assert_eq!(pool.stats().outstanding, 0);
        let later = pool.get_owned();
        drop(pool);
        drop(later);
    }
}

/// What is wiped is not filled with anything else.
#[cfg(feature = "zeroize")]
#[test]
fn wiped_buffers_contain_zeros() {
    static SECRETS: BufferPool = BufferPool::new().with_zeroize();
    let _alone = run(3);
    let mut reused = 0;
    for _ in 0..100 {
        let hits = SECRETS.stats().hits;
        let mut secret = SECRETS.with_capacity(1000);
        if SECRETS.stats().hits > hits {
            reused += 1;
            // SAFETY: it has been written: the buffer was in use before.
            unsafe { secret.set_len(1000) };
            assert!(secret.iter().all(|&byte| byte == 0));
        }
        secret.clear();
        secret.resize(1000, 1);
    }
    assert!(reused > 0);
    chaos::set_seed(3);
}
