//! Buffers that are frozen into `Bytes`: what is copied, what is allocated, and when the storage
//! returns to the pool.

use std::cell::RefCell;
use std::sync::Mutex;
use std::thread;

use bytes::Bytes;
use corepool::buffer::{Buffer, BufferPool};

use crate::allocator::requests;
use crate::new_static;
use crate::util::{alone, on_thread, on_threads, repeat};

fn filled(pool: &'static BufferPool, len: usize) -> Buffer<'static> {
    let mut buffer = pool.with_capacity(len);
    buffer.resize(len, len as u8);
    buffer
}

/// The `Bytes` uses the same memory, which returns to the pool with the last clone.
#[test]
fn freezing_copies_no_large_buffer() {
    let _alone = alone();
    let pool = new_static();
    let buffer = filled(pool, 5000);
    let memory = buffer.as_ptr();
    let bytes: Bytes = buffer.into();
    assert_eq!((bytes.as_ptr(), &bytes[..]), (memory, &[136; 5000][..]));
    let (clone, slice) = (bytes.clone(), bytes.slice(10..20));
    drop(bytes);
    drop(clone);
    assert_eq!(pool.stats().idle, 0);
    drop(slice);
    assert_eq!(pool.stats().idle, 1);
    assert_eq!(filled(pool, 5000).as_ptr(), memory);
}

/// If a copy is cheaper, the storage returns at once.
#[test]
fn freezing_copies_small_buffers_on_request() {
    let _alone = alone();
    let pool = new_static();
    let bytes = filled(pool, 1024).freeze();
    assert_eq!((bytes.len(), pool.stats().outstanding), (1024, 0));
    let more = filled(pool, 1025).freeze();
    assert_eq!((more.len(), pool.stats().outstanding), (1025, 1));
    assert_eq!(pool.get().freeze(), Bytes::new());
}

/// A million buffers need no allocation. Freezing one needs one allocation.
#[test]
fn warm_buffers_allocate_only_to_freeze() {
    let _alone = alone();
    const TURNS: usize = repeat(1_000_000, 20);
    let pool = new_static();
    let data = [7; 1025];
    let turn = || {
        let mut buffer = pool.get();
        buffer.extend_from_slice(&data);
        buffer
    };
    drop([(); 2].map(|()| turn()));
    assert_eq!(requests(|| (0..TURNS).for_each(|_| drop(turn()))), 0);
    assert_eq!(requests(|| (0..TURNS).for_each(|_| drop(turn().freeze()))), TURNS);
    assert_eq!(pool.stats().created, 2);
}

/// Freezing needs one small allocation, whatever the size of the buffer.
#[test]
fn freezing_makes_one_small_allocation() {
    let _alone = alone();
    let pool = new_static();
    for len in [1, 1024, 1025, 12_000, repeat(1 << 20, 1 << 13)] {
        drop(filled(pool, len).freeze());
        let turns = repeat(10_000 * 1000 / len.max(1000), 3);
        let count = requests(|| (0..turns).for_each(|_| drop(filled(pool, len).freeze())));
        assert_eq!(count, turns, "{len}");
    }
    assert_eq!(requests(|| drop(Bytes::from(filled(pool, 0)))), 0);
}

#[test]
fn frozen_buffers_convert_to_vec_and_bytes_mut() {
    let _alone = alone();
    let pool = new_static();
    let vec = Vec::from(filled(pool, 5000).freeze());
    assert_eq!((vec, pool.stats().idle), (vec![136; 5000], 1));
    let mutable = bytes::BytesMut::from(filled(pool, 5000).freeze());
    assert_eq!((&mutable[..], pool.stats().idle), (&[136; 5000][..], 1));
    // `Bytes::from_owner`, called directly, does not even copy small contents.
    let bytes = Bytes::from_owner(filled(pool, 10));
    assert_eq!((&bytes[..], pool.stats().idle), (&[10; 10][..], 1));
    drop(bytes);
    assert_eq!(pool.stats().idle, 2);
}

/// A slice keeps the whole storage: it is not handed out again before the slice is dropped.
#[test]
fn outstanding_counts_storage_kept_by_slices() {
    let _alone = alone();
    let pool = new_static();
    let slices: Vec<_> = (0..32)
        .map(|i| {
            let mut buffer = pool.with_capacity(8000);
            buffer.resize(8000, i);
            buffer.freeze().slice(4000..4016)
        })
        .collect();
    // The whole capacity counts as outstanding.
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.outstanding_bytes), (32, 32 * 8192));
    on_threads(4, |_| {
        for _ in 0..repeat(1000, 3) {
            let buffers = [(); 4].map(|()| filled(pool, 8000));
            drop(buffers.map(Buffer::freeze));
        }
    });
    for (i, slice) in (0..).zip(&slices) {
        assert_eq!(slice[..], [i; 16]);
    }
    drop(slices);
    assert_eq!((pool.stats().outstanding, pool.stats().outstanding_bytes), (0, 0));
}

/// `outstanding` counts buffers of every kind, however they end.
#[test]
fn outstanding_counts_buffers_of_every_kind() {
    let _alone = alone();
    let pool = new_static();
    let outstanding = || (pool.stats().outstanding, pool.stats().outstanding_bytes);
    let larger = pool.zeroed(3 << 20).freeze();
    assert_eq!(outstanding(), (1, 3 << 20));
    let adopted = pool.adopt(vec![1; 5000]);
    assert_eq!(outstanding(), (2, (3 << 20) + 4096));
    let mut grown = pool.get();
    grown.resize(100_000, 1);
    assert_eq!(outstanding(), (3, (3 << 20) + 4096 + 1024));
    let large = pool.try_with_capacity(2 << 20).unwrap();
    assert_eq!(outstanding(), (4, (5 << 20) + 4096 + 1024));
    // Buffers of other threads count as well.
    on_thread(|| drop(larger));
    drop(Buffer::into_vec(large));
    assert_eq!(outstanding(), (2, 4096 + 1024));
    drop(adopted);
    drop(grown);
    assert_eq!((outstanding(), pool.stats().idle_bytes), ((0, 0), 4096 + 65_536));
    // It has moved, and is lent by its new class.
    let moved = pool.with_capacity(65_536);
    assert_eq!((outstanding(), pool.stats().misses), ((1, 65_536), 3));
    drop(Buffer::into_vec(moved));
    Buffer::discard(pool.with_capacity(4096));
    Buffer::discard(pool.with_capacity(4096));
    drop(pool.adopt(Vec::new()));
    drop(pool.adopt(vec![1; 2 << 20]));
    let end = std::panic::catch_unwind(|| {
        let _buffers = (pool.get(), pool.adopt(vec![1; 5000]), pool.with_capacity(2 << 20));
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(end.is_err());
    assert_eq!((outstanding(), pool.stats().idle), ((0, 0), 0));
    let _lent = pool.with_capacity(1);
    assert_eq!(outstanding(), (1, 1024));
}

thread_local! {
    static KEPT: RefCell<Vec<Bytes>> = const { RefCell::new(Vec::new()) };
}

/// The last clone may be dropped by the destructor of a thread-local, by a thread that has used no
/// pool, or never.
#[test]
fn the_last_clone_may_be_dropped_anywhere() {
    let _alone = alone();
    let pool = new_static();
    on_thread(|| KEPT.with_borrow_mut(|kept| kept.push(filled(pool, 5000).freeze())));
    assert_eq!(pool.stats().idle, 1);
    on_thread(|| {
        // `KEPT` is registered before the thread has a seat: its destructor runs after the one that
        // gives back the seat, or before it.
        KEPT.with_borrow_mut(Vec::clear);
        KEPT.with_borrow_mut(|kept| kept.push(filled(pool, 5000).freeze()));
    });
    assert_eq!(pool.stats().idle, 1);
    let bytes = filled(pool, 5000).freeze();
    thread::spawn(move || drop(bytes)).join().unwrap();
    assert_eq!((pool.stats().idle, pool.stats().created), (1, 1));
    static NEVER: Mutex<Option<Bytes>> = Mutex::new(None);
    *NEVER.lock().unwrap() = Some(filled(pool, 5000).freeze());
    assert_eq!(filled(pool, 5000)[..], [136; 5000]);
    assert_eq!(pool.stats().created, 2);
}

/// The contents of a frozen buffer are complete, but a thread that panics still frees its storage.
#[test]
fn a_panicking_thread_frees_frozen_buffers() {
    let _alone = alone();
    let pool = new_static();
    let bytes = filled(pool, 5000).freeze();
    let end = std::panic::catch_unwind(move || {
        let _bytes = bytes;
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(end.is_err());
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
}
