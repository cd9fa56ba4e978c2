//! The pool of buffers: the public face.

use std::{collections::TryReserveError, fmt};

use super::{core::BufferCore, guard::Buffer, stats::BufferStats};

/// A pool of byte buffers, kept by size. See the [module](super) for how it works.
///
/// Any thread may get buffers, and drop buffers that any other thread got. Pools share nothing:
/// give each domain of trust its own. Put a pool in a `static` if its buffers are to be
/// [frozen](Buffer::freeze).
///
/// # Examples
///
/// ```
/// use corepool::buffer::BufferPool;
///
/// static BUFFERS: BufferPool = BufferPool::new().with_max_capacity(8 << 20);
///
/// let mut buffer = BUFFERS.get();
/// buffer.extend_from_slice(b"hello");
/// ```
pub struct BufferPool {
    core: BufferCore,
}

impl BufferPool {
    /// Creates a pool that keeps buffers of up to 1 MiB. The `BufferPool` value itself takes about
    /// 8 KiB: put it in a `static` or a `Box`.
    ///
    /// The pool allocates nothing until its first use. If there is no memory then, that use panics,
    /// like that of a [`Pool`](crate::Pool::new).
    pub const fn new() -> Self {
        Self { core: BufferCore::new() }
    }

    /// Keeps buffers with a capacity of up to `bytes`, and drops larger ones when they come back.
    /// The default is 1 MiB, the maximum 1 GiB. 0 turns pooling off.
    ///
    /// Set it to what most messages need. A larger message then costs an allocation, but a pool
    /// that keeps the largest buffer that it has ever seen costs that memory for good.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    pub const fn with_max_capacity(mut self, bytes: usize) -> Self {
        self.core.set_max_capacity(bytes);
        self
    }

    /// Keeps idle buffers of at most `bytes` in each of the size classes (1 KiB, 2 KiB, 4 KiB, …),
    /// in total over all threads. The default is 16 MiB. 0 turns pooling off.
    ///
    /// A class counts each of its buffers as twice the class's size, so that the bound also holds
    /// for buffers that have grown; the largest class counts them once, since they cannot. Unless
    /// pooling is off, a class keeps at least one buffer.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    pub const fn with_max_idle_bytes(mut self, bytes: usize) -> Self {
        self.core.set_max_idle_bytes(bytes);
        self
    }

    /// Overwrites the whole capacity of a buffer with zeros when the buffer comes back, and before
    /// the pool frees its memory. Requires the feature `zeroize`.
    ///
    /// Not wiped are the bytes that leave the pool by [`into_vec`](Buffer::into_vec), and the old
    /// blocks of a `Vec` that has moved because it grew. To keep a secret from being moved, get a
    /// buffer that is [large enough](Self::with_capacity) for it.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// static SECRETS: BufferPool = BufferPool::new().with_zeroize();
    /// ```
    #[cfg(feature = "zeroize")]
    pub const fn with_zeroize(mut self) -> Self {
        self.core.set_wipes();
        self
    }

    /// Returns an empty buffer with the capacity that earlier ones have needed, as described in the
    /// [module](super).
    ///
    /// Use this if the length is unknown, or comes from a peer that is not trusted. The buffer
    /// grows as data is written to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    /// use std::io::Read;
    ///
    /// static BUFFERS: BufferPool = BufferPool::new();
    ///
    /// fn message(length: u32, from: impl Read) -> std::io::Result<bytes::Bytes> {
    ///     let mut buffer = BUFFERS.get();
    ///     from.take(length.into()).read_to_end(&mut buffer)?;
    ///     Ok(buffer.freeze())
    /// }
    /// # assert_eq!(message(u32::MAX, &b"short"[..])?, "short");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    #[must_use = "the buffer returns to the pool at once"]
    pub fn get(&self) -> Buffer<'_> {
        Buffer::new(self.core.get_hinted(), &self.core)
    }

    /// Returns an empty buffer with room for at least `capacity` bytes. [`get`](Self::get) does not
    /// learn from it.
    ///
    /// Allocates immediately, so never pass a length from an untrusted peer, which can announce 1
    /// GiB and send nothing. See also [`try_with_capacity`](Self::try_with_capacity).
    ///
    /// # Panics
    ///
    /// Like [`Vec::with_capacity`]: panics with "capacity overflow" if `capacity` is more than
    /// `isize::MAX`, and aborts if there is no memory. After a panic the pool is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// let pool = BufferPool::new();
    /// let buffer = pool.with_capacity(3000);
    /// assert!(buffer.is_empty() && buffer.capacity() >= 3000);
    /// ```
    #[inline]
    #[must_use = "the buffer returns to the pool at once"]
    pub fn with_capacity(&self, capacity: usize) -> Buffer<'_> {
        Buffer::new(self.core.get_sized(capacity), &self.core)
    }

    /// Like [`with_capacity`](Self::with_capacity), but returns an error if the memory cannot be
    /// allocated. Use this for lengths that may be too large.
    ///
    /// # Errors
    ///
    /// If there is no memory, or `capacity` is more than `isize::MAX`. The pool is then unchanged.
    /// The guard of a buffer is itself allocated, a few words; if even that fails, the process
    /// aborts as it does for a `Box`.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// let pool = BufferPool::new();
    /// assert!(pool.try_with_capacity(usize::MAX).is_err());
    /// ```
    pub fn try_with_capacity(&self, capacity: usize) -> Result<Buffer<'_>, TryReserveError> {
        Ok(Buffer::new(self.core.try_get_sized(capacity)?, &self.core))
    }

    /// Returns a buffer that holds `len` zeros. Use this for readers that fill a `&mut [u8]`. Only
    /// `len` bytes are written, however large the buffer is.
    ///
    /// # Panics
    ///
    /// Like [`with_capacity`](Self::with_capacity).
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    /// use std::io::Read;
    ///
    /// let pool = BufferPool::new();
    /// let mut header = pool.zeroed(16);
    /// (&b"0123456789abcdef"[..]).read_exact(&mut header)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "the buffer returns to the pool at once"]
    pub fn zeroed(&self, len: usize) -> Buffer<'_> {
        let mut buffer = self.with_capacity(len);
        buffer.resize(len, 0);
        buffer
    }

    /// Returns a buffer with the contents and the memory of `vec`, which was allocated elsewhere.
    /// When it is dropped, the pool keeps the memory if its capacity is at least 1 KiB and not
    /// larger than [`with_max_capacity`](Self::with_max_capacity) allows.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// let pool = BufferPool::new();
    /// assert_eq!(*pool.adopt(vec![7; 5000]), vec![7; 5000]);
    /// assert!(pool.with_capacity(4096).capacity() >= 5000);
    /// ```
    #[must_use = "the buffer goes to the pool at once"]
    pub fn adopt(&self, vec: Vec<u8>) -> Buffer<'_> {
        Buffer::new(self.core.adopt(vec), &self.core)
    }

    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to all pools: frees
    /// the buffers that have been idle since before the previous collect or trim.
    pub fn trim(&self) {
        self.core.trim();
    }

    /// Frees all idle buffers now. See [`Pool::clear`](crate::Pool::clear).
    pub fn clear(&self) {
        self.core.clear();
    }

    /// Returns what the pool holds now and has done since its first use.
    ///
    /// This visits every class, so it takes a while. Counting costs the users of the pool next to
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// let pool = BufferPool::new();
    /// drop(pool.with_capacity(3000));
    /// drop(pool.with_capacity(4000));
    /// let stats = pool.stats();
    /// assert_eq!((stats.hits, stats.misses, stats.idle_bytes), (1, 1, 4096));
    /// ```
    pub fn stats(&self) -> BufferStats {
        self.core.stats()
    }
}

impl Default for BufferPool {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("max_capacity", &self.core.max_capacity())
            .field("max_idle_bytes", &self.core.max_idle_bytes())
            .finish_non_exhaustive()
    }
}
