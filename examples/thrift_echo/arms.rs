//! The arms: where a message buffer comes from, and where it goes.

use std::cell::Cell;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use corepool::buffer::{Buffer, BufferPool, BufferStats};

pub trait Arm: 'static {
    const NAME: &'static str;

    type Buf: DerefMut<Target = Vec<u8>>;

    /// Returns an empty buffer for a message of `len` bytes; `len` is 0 if the length is not known
    /// yet.
    fn get(len: usize) -> Self::Buf;

    /// Called once, before any message, with the number of buffers that can be in use at the same
    /// time.
    fn prepare(_buffers: usize) {}

    fn stats() -> Option<BufferStats> {
        None
    }
}

/// Capacity of the buffers that are kept. The arms that keep buffers make them this large, so that
/// no buffer has to grow, whichever thread uses it for the largest message.
static KEPT_CAPACITY: AtomicUsize = AtomicUsize::new(0);

pub fn set_kept_capacity(largest_message: usize) -> usize {
    let capacity = largest_message.next_power_of_two();
    KEPT_CAPACITY.store(capacity, Relaxed);
    capacity
}

pub fn kept_capacity() -> usize {
    KEPT_CAPACITY.load(Relaxed)
}

fn kept_buffer() -> Vec<u8> {
    Vec::with_capacity(kept_capacity())
}

/// A fresh `Vec` per message: of 4 KiB, which grows, or of the length of the message if it is
/// known.
pub struct Fresh;

pub struct FreshBuf(Vec<u8>);

impl Arm for Fresh {
    const NAME: &'static str = "fresh";

    type Buf = FreshBuf;

    fn get(len: usize) -> FreshBuf {
        FreshBuf(Vec::with_capacity(len.max(4096)))
    }
}

/// One buffer per thread. One is enough: a transport gives up the frame it has read before the
/// answer is encoded.
pub struct ThreadLocal;

pub struct ThreadLocalBuf(Vec<u8>);

thread_local! {
    static KEPT: Cell<Vec<u8>> = Cell::new(kept_buffer());
}

impl Arm for ThreadLocal {
    const NAME: &'static str = "thread_local";

    type Buf = ThreadLocalBuf;

    fn get(len: usize) -> ThreadLocalBuf {
        let mut buf = KEPT.take();
        buf.clear();
        buf.reserve(len);
        ThreadLocalBuf(buf)
    }
}

impl Drop for ThreadLocalBuf {
    fn drop(&mut self) {
        KEPT.set(mem::take(&mut self.0));
    }
}

/// One pool for all threads.
pub struct Corepool;

/// Keeps buffers for the longest of frames.
static POOL: BufferPool = BufferPool::new().with_max_capacity(16 << 20);

pub struct CorepoolBuf(Buffer<'static>);

impl CorepoolBuf {
    pub fn freeze(self) -> Bytes {
        self.0.freeze()
    }
}

impl Arm for Corepool {
    const NAME: &'static str = "corepool";

    type Buf = CorepoolBuf;

    /// The length is known here, as in the other arms. If it were not, `BufferPool::get` would
    /// learn it.
    fn get(len: usize) -> CorepoolBuf {
        CorepoolBuf(POOL.with_capacity(len.max(kept_capacity())))
    }

    fn prepare(buffers: usize) {
        drop((0..buffers).map(|_| Self::get(0)).collect::<Vec<_>>());
    }

    fn stats() -> Option<BufferStats> {
        Some(POOL.stats())
    }
}

macro_rules! deref_to_vec {
    ($($buf:ty),*) => {$(
        impl Deref for $buf {
            type Target = Vec<u8>;

            fn deref(&self) -> &Vec<u8> {
                &self.0
            }
        }

        impl DerefMut for $buf {
            fn deref_mut(&mut self) -> &mut Vec<u8> {
                &mut self.0
            }
        }
    )*};
}

deref_to_vec!(FreshBuf, ThreadLocalBuf, CorepoolBuf);
