//! The guard: a buffer on loan.

use std::mem::ManuallyDrop;

use bytes::Bytes;

use super::BufferPool;
use crate::pool::guard::Pooled;

/// What `freeze` copies: up to here that takes no longer than to make an owner, and the storage is
/// home again at once.
const COPIED: usize = 1024;

/// In place of the number of a class or of a stripe.
pub(super) const NONE: u8 = u8::MAX;

/// What the pools of the classes hold.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) vec: Vec<u8>,
    /// What a buffer of no class held when it was lent, in KiB.
    pub(super) kib: u32,
    /// The class whose pool holds the cell.
    pub(super) class: u8,
    /// The stripe that learns from the buffer.
    pub(super) stripe: u8,
}

impl Storage {
    /// Without memory.
    pub(super) fn new() -> Self {
        Self { vec: Vec::new(), kib: 0, class: NONE, stripe: NONE }
    }
}

/// A buffer on loan from a [`BufferPool`]: a `Vec<u8>` that goes back when this is dropped, on
/// whatever thread that is. If the thread is panicking, the memory is freed instead.
///
/// Three words large, and cheap to move. Forgetting it leaks the buffer, and nothing else.
///
/// It is a `Vec<u8>` to those who borrow, and to those who want to own what they write to it is an
/// [`io::Write`](std::io::Write), a [`bytes::BufMut`] and an `Extend<u8>`.
///
/// # Examples
///
/// ```
/// use bytes::BufMut;
/// use corepool::buffer::BufferPool;
///
/// static BUFFERS: BufferPool = BufferPool::new();
///
/// let mut buffer = BUFFERS.get();
/// buffer.put_u16(258);
/// buffer.push(3);
/// assert_eq!(*buffer, [1, 2, 3]);
/// ```
pub struct Buffer<'p> {
    guard: ManuallyDrop<Pooled<'p, Storage>>,
    pool: &'p BufferPool,
}

impl<'p> Buffer<'p> {
    #[inline]
    pub(super) fn new(guard: Pooled<'p, Storage>, pool: &'p BufferPool) -> Self {
        Self { guard: ManuallyDrop::new(guard), pool }
    }

    #[inline]
    pub(super) fn vec(&self) -> &Vec<u8> {
        &self.guard.vec
    }

    #[inline]
    pub(super) fn vec_mut(&mut self) -> &mut Vec<u8> {
        &mut self.guard.vec
    }

    /// The parts, of which the object's owner is the caller now.
    fn into_guard(this: Self) -> (Pooled<'p, Storage>, &'p BufferPool) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: taken once, as our own `drop` will not run.
        (unsafe { ManuallyDrop::take(&mut this.guard) }, this.pool)
    }

    /// Takes the bytes out of the pool for good. They are not copied.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::{Buffer, BufferPool};
    ///
    /// let pool = BufferPool::new();
    /// let mut buffer = pool.get();
    /// buffer.extend(b"kept");
    /// let kept: Vec<u8> = Buffer::into_vec(buffer);
    /// assert_eq!((kept, pool.stats().idle), (b"kept".to_vec(), 0));
    /// ```
    #[must_use = "the bytes are dropped at once"]
    pub fn into_vec(this: Self) -> Vec<u8> {
        let (guard, pool) = Self::into_guard(this);
        pool.detach(guard).vec
    }

    /// Frees the memory instead of giving it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::{Buffer, BufferPool};
    ///
    /// let pool = BufferPool::new();
    /// Buffer::discard(pool.get());
    /// assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 1));
    /// ```
    pub fn discard(this: Self) {
        let (mut guard, pool) = Self::into_guard(this);
        // bug: a secret is discarded as it is
        pool.wipe(&mut guard.vec);
        pool.discard(guard);
    }
}

impl Buffer<'static> {
    /// Makes [`Bytes`] of what was written. The storage goes back to the pool when the last clone is
    /// dropped, on whatever thread that is.
    ///
    /// This takes one allocation of a few words, which is what `Bytes` needs to know its owner. Up to
    /// 1 KiB is copied instead, which takes one allocation as well, and the storage goes back
    /// now; but not from a pool that [wipes](BufferPool::with_zeroize), which could not wipe the copy.
    /// No reference is counted besides that of `Bytes` itself: the pool is a `static`.
    ///
    /// A slice of the result keeps all of the storage from the pool, its *capacity*: see
    /// [`outstanding_bytes`](super::BufferStats::outstanding_bytes). Turning the result into a `Vec`
    /// or `BytesMut` copies it.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// static BUFFERS: BufferPool = BufferPool::new();
    ///
    /// let mut buffer = BUFFERS.get();
    /// buffer.resize(5000, 7);
    /// let (frozen, bytes) = (buffer.as_ptr(), buffer.freeze());
    /// assert_eq!((bytes.as_ptr(), BUFFERS.stats().idle), (frozen, 0));
    /// drop(bytes);
    /// assert_eq!(BUFFERS.stats().idle, 1);
    /// ```
    #[must_use = "the storage goes back at once"]
    pub fn freeze(self) -> Bytes {
        // bug: a secret is copied
        let most = if self.pool.wipes() { 0 } else { COPIED };
        // bug: all is copied; nothing is copied
        if self.len() <= most { Bytes::copy_from_slice(&self) } else { Bytes::from_owner(self) }
    }
}

impl Drop for Buffer<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is going, and its object is taken once.
        let guard = unsafe { ManuallyDrop::take(&mut self.guard) };
        self.pool.take_back(guard);
    }
}
