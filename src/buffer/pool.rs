//! The pool of buffers: the public face.

use std::{
    collections::TryReserveError,
    convert::Infallible,
    fmt,
    ptr::{self, NonNull},
};

use super::{
    class::Sizes, classes::Storage, core::BufferCore, guard::Buffer, heap::Heap, options::Options,
    stats::BufferStats,
};
use crate::{
    pool::pooled::Pooled,
    sync::{AcqRel, Acquire, ProcessPtr},
    util::try_alloc::NO_MEMORY,
};

/// A pool of byte buffers, kept by size. See the [module](super) for how it works.
///
/// Any thread may get buffers, and drop buffers that any other thread got. Pools share nothing:
/// give each domain of trust its own.
///
/// The buffers of a pool in a `static` can go anywhere, and be [frozen](Buffer::freeze). For a pool
/// elsewhere, in a struct or an `Arc` for example, there is a second form of each method that returns a
/// buffer: [`get`](Self::get) borrows the pool, and [`get_owned`](Self::get_owned) does not.
///
/// Buffers have the alignment of a `Vec<u8>`, which is that of its allocator: 16 bytes, in most cases.
/// There is no way to set it, since a `Vec<u8>` would be freed with another alignment. For direct I/O
/// make a [`Pool`](crate::Pool) of aligned buffers; the recipe `direct_io` does.
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
// Every hit reads the pool. The alignment keeps its neighbours' writes off its cache lines.
#[repr(align(128))]
pub struct BufferPool {
    /// Null before the first use.
    heap: ProcessPtr<Heap>,
    options: Options,
}

impl BufferPool {
    /// Creates a pool that keeps buffers of up to 1 MiB.
    ///
    /// An unused pool takes 128 bytes. Its first use allocates what its threads share, and the first
    /// use of a size class what that class needs. If there is no memory for
    /// them, the `get` that needs it panics; a buffer that comes back is dropped.
    pub const fn new() -> Self {
        Self { heap: ProcessPtr::new(ptr::null_mut()), options: Options::new() }
    }

    const fn is_unused(&self) -> bool {
        // SAFETY: a plain load, since this may run at compile time. Callers own the pool, which is not
        // shared yet, so no other thread races with it.
        unsafe { (*self.heap.as_ptr()).is_null() }
    }

    /// Has [`get`](Self::get) hand out buffers of at least `bytes` as long as it has learnt nothing. The
    /// default is 1 KiB. At most [`with_max_capacity`](Self::with_max_capacity) counts.
    ///
    /// It is where each thread starts to learn, and no lower limit: if less than a quarter of such
    /// buffers is used, five times in a row, `get` hands out smaller ones, unless they have no more than
    /// 4 KiB. Set it if even the first buffers should not have to grow.
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
    /// static BUFFERS: BufferPool = BufferPool::new().with_initial_capacity(16 << 10);
    /// assert_eq!(BUFFERS.get().capacity(), 16 << 10);
    /// ```
    pub const fn with_initial_capacity(mut self, bytes: usize) -> Self {
        assert!(self.is_unused(), "the capacity must be set before the pool is used");
        self.options.set_initial_capacity(bytes);
        self
    }

    /// Keeps at most `count` idle buffers, in total over all size classes and all threads. By default
    /// only bytes are bounded. 0 turns pooling off.
    ///
    /// The bound is never exceeded. A buffer that comes back to a full pool is dropped, even if the
    /// others are of sizes that are not needed any more: those go as they [age](crate::collect()). The
    /// place of a buffer that its own thread has taken from the pool stays reserved for that size until
    /// the buffer comes back, or until a collect. So a pool of several sizes may keep fewer than `count`
    /// buffers.
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
    /// let pool = BufferPool::new().with_max_idle(2);
    /// drop([1000, 2000, 3000, 4000].map(|capacity| pool.with_capacity(capacity)));
    /// assert_eq!(pool.stats().idle, 2);
    /// ```
    pub const fn with_max_idle(mut self, count: usize) -> Self {
        assert!(self.is_unused(), "the bound must be set before the pool is used");
        self.options.max_idle = count;
        self
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
        assert!(self.is_unused(), "the bound must be set before the pool is used");
        self.options.sizes = Sizes::new(bytes);
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
        assert!(self.is_unused(), "the bound must be set before the pool is used");
        self.options.max_idle_bytes = bytes;
        self
    }

    /// Gives the pool a name, which [`name`](Self::name) returns and `Debug` shows. The feature `metrics`
    /// reports the pool if it has one, as the sum of its size classes; events of the feature `tracing`
    /// show the name.
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
    /// static BODIES: BufferPool = BufferPool::new().with_name("bodies");
    /// assert_eq!(BODIES.name(), "bodies");
    /// ```
    pub const fn with_name(mut self, name: &'static str) -> Self {
        assert!(self.is_unused(), "the name must be set before the pool is used");
        self.options.name = name;
        self
    }

    /// Returns the pool's [name](Self::with_name), or an empty string.
    pub const fn name(&self) -> &'static str {
        self.options.name
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
        assert!(self.is_unused(), "wiping must be set before the pool is used");
        self.options.wipes = true;
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
        let core = self.core();
        Buffer::new(core.get_hinted(), core)
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
        let core = self.core();
        Buffer::new(core.get_sized(capacity), core)
    }

    /// Like [`with_capacity`](Self::with_capacity), but returns an error if the memory cannot be
    /// allocated. Use this for lengths that may be too large.
    ///
    /// # Errors
    ///
    /// If there is no memory, or `capacity` is more than `isize::MAX`. The pool is then unchanged.
    /// The guard of a buffer is itself allocated, a few words; if even that fails, the process
    /// aborts as it does for a `Box`. If there is no memory for what the pool itself
    /// [allocates](Self::new), this panics.
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
        let core = self.core();
        Ok(Buffer::new(core.try_get_sized(capacity)?, core))
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
        let core = self.core();
        Buffer::new(core.adopt(vec), core)
    }

    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to all pools: frees
    /// the buffers that have been idle since before the previous collect or trim.
    pub fn trim(&self) {
        self.used().iter().for_each(|core| core.trim());
    }

    /// Frees all idle buffers now. See [`Pool::clear`](crate::Pool::clear).
    pub fn clear(&self) {
        self.used().iter().for_each(|core| core.clear());
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
        self.used().map_or_else(BufferStats::default, BufferCore::stats)
    }
}

/// Buffers that do not borrow the pool.
impl BufferPool {
    /// Like [`get`](Self::get), but the buffer does not borrow the pool. So it can be
    /// [frozen](Buffer::freeze), or go to a spawned thread or task, if the pool is no `static`.
    ///
    /// The buffer may outlive the pool; then its memory is freed when it is dropped. It does not keep the
    /// pool from being dropped, which frees the idle buffers; but what the pool's threads share, about
    /// a KiB and what each size class needs, is freed with the last such buffer. So may be a buffer that
    /// comes back at the moment at which the pool is dropped, unless collects free it before.
    ///
    /// It takes a few nanoseconds more than `get`. No reference is counted on memory that threads share.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    /// use std::{sync::Arc, thread};
    ///
    /// let pool = Arc::new(BufferPool::new());
    /// let mut buffer = pool.get_owned();
    /// buffer.resize(5000, 7);
    /// let bytes = buffer.freeze();
    /// thread::spawn(move || assert_eq!(bytes.len(), 5000)).join().unwrap();
    /// assert_eq!(pool.stats().idle, 1);
    /// ```
    #[inline]
    #[must_use = "the buffer returns to the pool at once"]
    pub fn get_owned(&self) -> Buffer<'static> {
        self.owned(BufferCore::get_hinted)
    }

    /// Like [`with_capacity`](Self::with_capacity), but the buffer does not borrow the pool: see
    /// [`get_owned`](Self::get_owned).
    ///
    /// # Panics
    ///
    /// Like [`with_capacity`](Self::with_capacity).
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::buffer::BufferPool;
    ///
    /// let pool = BufferPool::new();
    /// let mut buffer = pool.with_capacity_owned(3000);
    /// drop(pool);
    /// buffer.extend_from_slice(b"still there");
    /// ```
    #[inline]
    #[must_use = "the buffer returns to the pool at once"]
    pub fn with_capacity_owned(&self, capacity: usize) -> Buffer<'static> {
        self.owned(|core| core.get_sized(capacity))
    }

    /// Like [`try_with_capacity`](Self::try_with_capacity), but the buffer does not borrow the pool: see
    /// [`get_owned`](Self::get_owned).
    ///
    /// # Errors
    ///
    /// Like [`try_with_capacity`](Self::try_with_capacity).
    pub fn try_with_capacity_owned(
        &self,
        capacity: usize,
    ) -> Result<Buffer<'static>, TryReserveError> {
        Buffer::owned(self.heap(), |core| core.try_get_sized(capacity))
    }

    /// Like [`zeroed`](Self::zeroed), but the buffer does not borrow the pool: see
    /// [`get_owned`](Self::get_owned).
    ///
    /// # Panics
    ///
    /// Like [`with_capacity`](Self::with_capacity).
    #[must_use = "the buffer returns to the pool at once"]
    pub fn zeroed_owned(&self, len: usize) -> Buffer<'static> {
        let mut buffer = self.with_capacity_owned(len);
        buffer.resize(len, 0);
        buffer
    }

    /// Like [`adopt`](Self::adopt), but the buffer does not borrow the pool: see
    /// [`get_owned`](Self::get_owned).
    #[must_use = "the buffer goes to the pool at once"]
    pub fn adopt_owned(&self, vec: Vec<u8>) -> Buffer<'static> {
        self.owned(|core| core.adopt(vec))
    }

    #[inline]
    fn owned(&self, get: impl FnOnce(&BufferCore) -> Pooled<'_, Storage>) -> Buffer<'static> {
        let Ok(buffer) = Buffer::owned(self.heap(), |core| Ok::<_, Infallible>(get(core)));
        buffer
    }
}

impl BufferPool {
    /// Returns the heap part, which the first use allocates.
    #[inline]
    fn heap(&self) -> NonNull<Heap> {
        // Acquire: pairs with the Release in `first_use`.
        NonNull::new(self.heap.load(Acquire)).unwrap_or_else(|| self.first_use())
    }

    #[cold]
    #[inline(never)]
    fn first_use(&self) -> NonNull<Heap> {
        let new = Heap::try_new(self.options).expect(NO_MEMORY);
        // Release: pairs with the Acquire in `heap`. Acquire: the heap part of another thread was made
        // before.
        match self.heap.compare_exchange(ptr::null_mut(), new.as_ptr(), AcqRel, Acquire) {
            Ok(_) => new,
            Err(made) => {
                // SAFETY: no other thread has seen it, and it has lent nothing.
                unsafe { Heap::end(new) };
                // SAFETY: it is not null, which was expected.
                unsafe { NonNull::new_unchecked(made) }
            }
        }
    }

    #[inline]
    fn core(&self) -> &BufferCore {
        // SAFETY: it is not freed before our `drop`.
        unsafe { &self.heap().as_ref().core }
    }

    /// Returns the core of a pool that has been used.
    fn used(&self) -> Option<&BufferCore> {
        // Acquire: pairs with the Release in `first_use`.
        let heap = NonNull::new(self.heap.load(Acquire))?;
        // SAFETY: as in `core`.
        Some(unsafe { &heap.as_ref().core })
    }
}

impl Drop for BufferPool {
    fn drop(&mut self) {
        if let Some(heap) = NonNull::new(*self.heap.get_mut()) {
            // SAFETY: this happens once, and nothing borrows the pool.
            unsafe { Heap::end(heap) };
        }
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
            .field("name", &self.options.name)
            .field("max_capacity", &self.options.sizes.max())
            .field("max_idle_bytes", &self.options.max_idle_bytes)
            .finish_non_exhaustive()
    }
}
