//! The guard: a buffer on loan.

use std::{mem::ManuallyDrop, ptr::NonNull};

use bytes::Bytes;

use super::{
    classes::Storage,
    core::BufferCore,
    heap::{Heap, Share},
};
use crate::{chaos_mode, pool::pooled::Pooled};

/// `freeze` copies contents of up to this many bytes, because a copy takes no longer than
/// allocating the owner of a `Bytes`. The buffer goes back at once.
const COPIED: usize = 1024;

/// A buffer on loan from a [`BufferPool`](super::BufferPool): a `Vec<u8>` that goes back to the
/// pool when the `Buffer` is dropped, on any thread. If that thread is panicking, or the pool has been
/// dropped, the memory is freed instead.
///
/// A `Buffer` has four words and is cheap to move. Forgetting it leaks its memory; and forgetting one
/// that does not [borrow](super::BufferPool::get_owned) the pool leaks what the pool has on the heap,
/// when the pool is dropped.
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
    core: CorePtr,
    /// What keeps the core alive, unless the buffer borrows the pool. Dropped last.
    share: Option<Share>,
}

const _: () = assert!(size_of::<Buffer<'_>>() <= 4 * size_of::<usize>());

/// The core of a buffer's pool. Not a reference, since the core may be freed in the call that drops the
/// buffer.
#[derive(Clone, Copy)]
struct CorePtr(NonNull<BufferCore>);

// SAFETY: a core is `Sync`.
unsafe impl Send for CorePtr {}
// SAFETY: as above.
unsafe impl Sync for CorePtr {}

impl CorePtr {
    /// # Safety
    ///
    /// The buffer borrows the pool, or has not given up its share.
    #[inline]
    unsafe fn get<'a>(self) -> &'a BufferCore {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ref() }
    }
}

impl<'p> Buffer<'p> {
    /// Returns a buffer that borrows the pool.
    #[inline]
    pub(super) fn new(guard: Pooled<'p, Storage>, core: &'p BufferCore) -> Self {
        let core = CorePtr(NonNull::from(core));
        Self { guard: ManuallyDrop::new(guard), core, share: None }
    }

    fn core(&self) -> &BufferCore {
        // SAFETY: the share is dropped with the buffer.
        unsafe { self.core.get() }
    }

    #[inline]
    pub(super) fn vec(&self) -> &Vec<u8> {
        &self.guard.vec
    }

    #[inline]
    pub(super) fn vec_mut(&mut self) -> &mut Vec<u8> {
        &mut self.guard.vec
    }

    /// Calls `f` on the guard of the storage and the pool's core, and drops the share.
    fn end<R>(this: Self, f: impl FnOnce(&BufferCore, Pooled<'p, Storage>) -> R) -> R {
        let mut this = ManuallyDrop::new(this);
        let _share = this.share.take();
        // SAFETY: the share is dropped later. The guard is taken once, because `this` is never dropped.
        unsafe { f(this.core.get(), ManuallyDrop::take(&mut this.guard)) }
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
        Self::end(this, |core, guard| core.detach(guard).vec)
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
        Self::end(this, BufferCore::discard_wiped);
    }
}

impl Buffer<'static> {
    /// Returns a buffer that does not borrow the pool. `get` gets it.
    #[inline]
    pub(super) fn owned<E>(
        heap: NonNull<Heap>,
        get: impl FnOnce(&BufferCore) -> Result<Pooled<'_, Storage>, E>,
    ) -> Result<Self, E> {
        // SAFETY: the caller borrows the pool.
        let this = unsafe { heap.as_ref() };
        let share = this.share();
        let guard = get(&this.core)?;
        // SAFETY: the share keeps the pools of all classes alive, and is dropped after the guard.
        let guard = ManuallyDrop::new(unsafe { Pooled::unbound(guard) });
        // The share may free the heap part by its own pointer, so this need not be one of the heap.
        Ok(Self { guard, core: CorePtr(NonNull::from(&this.core)), share: Some(share) })
    }

    /// Returns the contents as [`Bytes`], without copying them if they are larger than 1 KiB. The
    /// buffer goes back to the pool when the last clone or slice of the `Bytes` is dropped, on any
    /// thread.
    ///
    /// `freeze` allocates a few words, in which `Bytes` keeps its owner. Contents of up to 1 KiB
    /// are copied into an allocation of their own instead, and the buffer goes back to the pool at
    /// once. A pool that [wipes](super::BufferPool::with_zeroize) never copies, because it could
    /// not wipe the copy. `Bytes` counts its own references; none that threads share is added for the
    /// pool.
    ///
    /// The pool is a `static`, or the buffer is one of those that need not borrow it, as that of
    /// [`get_owned`](super::BufferPool::get_owned).
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
        let limit = if self.core().wipes() || is_chaotic() { 0 } else { COPIED };
        // bug: freeze always copies; freeze never copies
        if self.len() <= limit { Bytes::copy_from_slice(&self) } else { Bytes::from_owner(self) }
    }
}

/// Returns whether a misuse of frozen buffers is to be found, whatever their length.
fn is_chaotic() -> bool {
    // bug: short bytes are copied in chaos mode
    chaos_mode::on().is_some()
}

impl Drop for Buffer<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, because `drop` runs once and the field is not used afterwards.
        let guard = unsafe { ManuallyDrop::take(&mut self.guard) };
        // SAFETY: the share is dropped after this, with the other fields.
        let core = unsafe { self.core.get() };
        if self.share.is_none() {
            core.take_back(guard);
        } else {
            core.take_back_owned(guard);
        }
    }
}
