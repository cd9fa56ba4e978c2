//! The guard: a buffer on loan.

use std::mem::ManuallyDrop;

use bytes::Bytes;

use super::core::{BufferCore, Storage};
use crate::pool::pooled::Pooled;

/// `freeze` copies contents of up to this many bytes, because a copy takes no longer than
/// allocating the owner of a `Bytes`. The buffer goes back at once.
const COPIED: usize = 1024;

/// A buffer on loan from a [`BufferPool`](super::BufferPool): a `Vec<u8>` that goes back to the
/// pool when the `Buffer` is dropped, on any thread. If that thread is panicking, the memory is
/// freed instead.
///
/// A `Buffer` has three words and is cheap to move. Forgetting it leaks its memory, and nothing
/// else.
///
/// By reference it is a `Vec<u8>`. By value, for encoders that own their writer, it is an
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
    core: &'p BufferCore,
}

impl<'p> Buffer<'p> {
    #[inline]
    pub(super) fn new(guard: Pooled<'p, Storage>, core: &'p BufferCore) -> Self {
        Self { guard: ManuallyDrop::new(guard), core }
    }

    #[inline]
    pub(super) fn vec(&self) -> &Vec<u8> {
        &self.guard.vec
    }

    #[inline]
    pub(super) fn vec_mut(&mut self) -> &mut Vec<u8> {
        &mut self.guard.vec
    }

    /// Returns the guard of the storage, and the pool's core, without dropping the buffer.
    fn into_parts(this: Self) -> (Pooled<'p, Storage>, &'p BufferCore) {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: taken once, because `this` is never dropped.
        (unsafe { ManuallyDrop::take(&mut this.guard) }, this.core)
    }

    /// Returns the bytes as a `Vec`, which never goes back to the pool. Nothing is copied.
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
        let (guard, core) = Self::into_parts(this);
        core.detach(guard).vec
    }

    /// Frees the buffer's memory instead of giving it back to the pool.
    ///
    /// Use this if the memory must not be used again, for example after an error.
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
        let (mut guard, core) = Self::into_parts(this);
        // bug: a secret is discarded as it is
        core.wipe(&mut guard.vec);
        core.discard(guard);
    }
}

impl Buffer<'static> {
    /// Returns the contents as [`Bytes`], without copying them if they are larger than 1 KiB. The
    /// buffer goes back to the pool when the last clone or slice of the `Bytes` is dropped, on any
    /// thread.
    ///
    /// `freeze` allocates a few words, in which `Bytes` keeps its owner. Contents of up to 1 KiB
    /// are copied into an allocation of their own instead, and the buffer goes back to the pool at
    /// once. A pool that [wipes](super::BufferPool::with_zeroize) never copies, because it could
    /// not wipe the copy. `Bytes` counts its own references; none is added for the pool, which is a
    /// `static`.
    ///
    /// Any slice of the result keeps the buffer's whole *capacity* from the pool: see
    /// [`outstanding_bytes`](super::BufferStats::outstanding_bytes). Converting the result into a
    /// `Vec` or a `BytesMut` copies the bytes.
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
    #[must_use = "the buffer returns to the pool at once"]
    pub fn freeze(self) -> Bytes {
        // bug: a secret is copied
        let limit = if self.core.wipes() { 0 } else { COPIED };
        // bug: freeze always copies; freeze never copies
        if self.len() <= limit { Bytes::copy_from_slice(&self) } else { Bytes::from_owner(self) }
    }
}

impl Drop for Buffer<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, because `drop` runs once and the field is not used afterwards.
        let guard = unsafe { ManuallyDrop::take(&mut self.guard) };
        self.core.take_back(guard);
    }
}
