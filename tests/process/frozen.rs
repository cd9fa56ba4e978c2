//! Buffers that are frozen when their process forks, or ends.

use std::{
    cell::RefCell,
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use corepool::{
    buffer::{Buffer, BufferPool},
    collect,
};

use crate::{
    alone,
    fork::fork,
    run,
    threads::{Thread, on_threads, spawn},
};

static BUFFERS: BufferPool = BufferPool::new();

/// Buffers that are kept until the end of the process.
static KEPT: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());

fn frozen(i: usize) -> Bytes {
    let mut buffer: Buffer<'static> = BUFFERS.get();
    buffer.resize(600 << (i % 4), i as u8);
    buffer.freeze()
}

fn is_whole(bytes: &Bytes) -> bool {
    bytes.iter().all(|byte| *byte == bytes[0])
}

/// Freezes and drops buffers for as long as the process lives, and keeps some of them.
fn keep_busy() {
    for thread in 0..3 {
        let _never_joined = spawn(move || {
            let mut kept = Vec::new();
            for i in thread.. {
                kept.push(frozen(i));
                if kept.len() == 20 {
                    kept.drain(..15).for_each(|bytes| assert!(is_whole(&bytes)));
                }
            }
        });
    }
}

/// In a child, drops the parent's frozen buffers, and freezes and drops buffers of its own.
fn go_on(theirs: Vec<Bytes>) {
    assert!(theirs.iter().all(is_whole));
    // Some are dropped on this thread, some on others.
    let theirs = Mutex::new(theirs);
    on_threads(3, |i| {
        drop(theirs.lock().unwrap().pop());
        (0..30).for_each(|j| assert!(is_whole(&frozen(i + j))));
    });
    drop(theirs);
    collect();
    BUFFERS.clear();
    assert_eq!(BUFFERS.stats().idle, 0);
    let mine = BUFFERS.zeroed(3000).freeze();
    assert!(is_whole(&mine));
    drop(mine);
    assert_eq!(BUFFERS.stats().idle, 1);
}

/// A buffer that was frozen before the fork is dropped by the parent and by the child, each into
/// its own pool.
#[test]
fn children_may_drop_frozen_buffers() {
    alone(|| {
        keep_busy();
        for seed in 0..20 {
            let both: Vec<_> = (0..30).map(|i| frozen(seed + i)).collect();
            let slices: Vec<_> = both.iter().map(|bytes| bytes.slice(..10)).collect();
            let child = fork(|| {
                drop(slices);
                go_on(both);
            });
            drop(child);
        }
        process::exit(0);
    });
}

/// A pool that is no static is dropped by the parent and by the child, while a buffer of it is left.
/// Threads of the parent use it at the moment of the fork.
#[test]
fn children_may_drop_a_pool_before_its_buffers() {
    alone(|| {
        for seed in 0..20 {
            let pool = Box::into_raw(Box::new(BufferPool::new().with_max_idle(30)));
            // SAFETY: in each process the pool is dropped once, by `end`, when no thread uses it.
            let (shared, end) = (unsafe { &*pool }, move || drop(unsafe { Box::from_raw(pool) }));
            let turn = |i: usize| {
                let mut buffer = shared.get_owned();
                buffer.resize(600 << (i % 6), i as u8);
                buffer
            };
            let stop: &'static AtomicBool = Box::leak(Box::default());
            let busy = move |i| {
                spawn(move || (i..).take_while(|_| !stop.load(Relaxed)).for_each(|i| drop(turn(i))))
            };
            let busy: Vec<_> = (0..3).map(busy).collect();
            let last = turn(seed);
            let buffers: Vec<_> = (0..10).map(|i| turn(seed + i)).collect();
            let child = fork(move || {
                drop(turn(seed));
                drop(buffers);
                end();
                drop(last.freeze());
            });
            drop(child);
            stop.store(true, Relaxed);
            busy.into_iter().for_each(Thread::join);
            let last = turn(seed);
            end();
            assert!(is_whole(&last.freeze()));
        }
    });
}

thread_local! {
    static EARLY: RefCell<Vec<Bytes>> = const { RefCell::new(Vec::new()) };
    static LATE: RefCell<Vec<Bytes>> = const { RefCell::new(Vec::new()) };
}

/// The main thread's thread-locals are dropped late, statics never, and other threads are stopped
/// wherever they are.
#[test]
fn a_process_may_end_with_frozen_buffers() {
    extern "C" fn handler() {
        KEPT.lock().unwrap().drain(..).for_each(|bytes| assert!(is_whole(&bytes)));
        assert!(is_whole(&frozen(5)));
        println!("says: pools work");
    }
    for _ in 0..20 {
        let program = || {
            // SAFETY: the handler is a plain function; a panic in it aborts.
            assert_eq!(unsafe { libc::atexit(handler) }, 0);
            // One thread-local is registered before the first use of a pool, and one after it.
            EARLY.with_borrow_mut(Vec::clear);
            EARLY.with_borrow_mut(|early| early.extend((0..10).map(frozen)));
            LATE.with_borrow_mut(|late| late.extend((0..10).map(frozen)));
            KEPT.lock().unwrap().extend((0..10).map(frozen));
            keep_busy();
            process::exit(0);
        };
        let Some(end) = run(program) else { return };
        let said = end.printed.matches("says: ").count();
        assert_eq!((end.status.code(), said), (Some(0), 1), "{}", end.printed);
    }
}
