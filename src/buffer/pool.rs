//! The pool of buffers: a [`Pool`] for each size class.

use std::{collections::TryReserveError, fmt, mem, thread::panicking};

use super::{
    Buffer, BufferStats,
    class::{CLASSES, Sizes},
    guard::{NONE, Storage},
    hint::{Hints, Stripe},
};
use crate::{
    pool::{guard::Pooled, pool::Pool},
    sync::{AtomicBool, Relaxed},
    util::likely::likely,
};

/// The largest capacity that is kept, unless told otherwise.
const MAX_CAPACITY: usize = 1 << 20;

/// What idle buffers of one class may take, unless told otherwise.
const MAX_IDLE_BYTES: usize = 16 << 20;

/// Requests for more than is kept are rounded up to this.
const PAGE: usize = 4096;

/// What `get` hands out where nothing is kept.
const LEAST: usize = 1024;

/// Byte buffers that are used again. See the [module](super) for what it does.
///
/// Any thread may get buffers and drop them, wherever they came from. A pool is a value: give each
/// domain of trust its own, and put it in a `static` if its buffers are to be
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
    sizes: Sizes,
    max_idle_bytes: usize,
    hints: Hints,
    classes: [Pool<Storage>; CLASSES],
    /// For buffers of no class. They never come back.
    larger: Pool<Storage>,
    adopted: Pool<Storage>,
    /// Whether the classes have their memory.
    ready: AtomicBool,
    #[cfg(feature = "zeroize")]
    wipes: bool,
}

impl BufferPool {
    /// A pool of buffers of up to 1 MiB. It is some 8 KiB large, so that its place is a `static` or a
    /// `Box`. It takes no memory until it is used; if there is none then, that first use panics, as
    /// that of a [`Pool`](crate::Pool::new).
    pub const fn new() -> Self {
        let pool = Self {
            sizes: Sizes::new(MAX_CAPACITY),
            max_idle_bytes: 0,
            hints: Hints::new(),
            classes: [const { <Pool<Storage>>::new(Storage::new) }; CLASSES],
            larger: <Pool<Storage>>::new(Storage::new).with_max_idle(0),
            adopted: <Pool<Storage>>::new(Storage::new).with_max_idle(0),
            ready: AtomicBool::new(false),
            #[cfg(feature = "zeroize")]
            wipes: false,
        };
        pool.with_max_idle_bytes(MAX_IDLE_BYTES)
    }

    /// Keeps buffers of up to so many bytes, and drops larger ones when they come back; 1 MiB unless
    /// told otherwise, 1 GiB at most. 0 turns pooling off.
    ///
    /// Set it to what most messages need. A larger message costs an allocation; a pool that keeps
    /// the largest that it has seen costs that memory for good.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    pub const fn with_max_capacity(mut self, bytes: usize) -> Self {
        self.sizes = Sizes::new(bytes);
        let bound = self.max_idle_bytes;
        self.with_max_idle_bytes(bound)
    }

    /// Keeps at most so many bytes of idle buffers in each of the size classes (1 KiB, 2 KiB,
    /// 4 KiB, …), over all threads; 16 MiB unless told otherwise. 0 turns pooling off. Else a class
    /// keeps one buffer at least, and at most 31 of 256 KiB or more.
    ///
    /// A class counts each of its buffers as twice the class's size, so that the bound also holds for
    /// those that were grown. Of classes below 256 KiB each thread keeps a small share to itself, at
    /// most a sixteenth; of larger ones, none.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    pub const fn with_max_idle_bytes(mut self, bytes: usize) -> Self {
        self.max_idle_bytes = bytes;
        let mut class = 0;
        while class < CLASSES {
            let unbounded = mem::replace(&mut self.classes[class], Pool::new(Storage::new));
            let bounded = unbounded.with_max_idle(Sizes::limit(class as u8, bytes));
            // No destructor can run at compile time, and this one has nothing to do.
            mem::forget(mem::replace(&mut self.classes[class], bounded));
            class += 1;
        }
        self
    }

    /// Overwrites with zeroes all that a buffer holds, its whole capacity, when it comes back, and
    /// before its memory is freed by the pool. Feature `zeroize`.
    ///
    /// What leaves the pool is its new owner's: [`into_vec`](Buffer::into_vec). So are the blocks
    /// from which a `Vec` has moved when it grew: make it [large enough](Self::with_capacity) for a
    /// secret.
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
    #[cfg_attr(docsrs, doc(cfg(feature = "zeroize")))]
    pub const fn with_zeroize(mut self) -> Self {
        assert!(self.classes[0].is_unused(), "wiping must be set before the pool is used");
        self.wipes = true;
        self
    }

    /// An empty buffer, with the capacity that earlier ones have needed: see the [module](super).
    ///
    /// This is for lengths that are not known, or were told by someone who is not trusted: it grows
    /// as data comes.
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
    #[must_use = "the buffer goes back at once"]
    pub fn get(&self) -> Buffer<'_> {
        let stripe = Hints::here();
        let mut guard = self.as_learnt(stripe);
        guard.stripe = stripe;
        Buffer::new(guard, self)
    }

    /// An empty buffer with room for so many bytes at least. What becomes of it teaches
    /// [`get`](Self::get) nothing.
    ///
    /// The memory is taken now, so let nobody else tell the length: a client that announces a GiB
    /// need not send it. See [`try_with_capacity`](Self::try_with_capacity).
    ///
    /// # Panics
    ///
    /// As [`Vec::with_capacity`]: with "capacity overflow" beyond `isize::MAX` bytes. Without memory
    /// it aborts. The pool is as before.
    #[inline]
    #[must_use = "the buffer goes back at once"]
    pub fn with_capacity(&self, capacity: usize) -> Buffer<'_> {
        let mut guard = match self.sizes.up(capacity) {
            Some(class) => self.of_class(class),
            None => self.larger(capacity),
        };
        // bug: sizes that are told teach
        guard.stripe = NONE;
        Buffer::new(guard, self)
    }

    /// As [`with_capacity`](Self::with_capacity), for more than there may be memory for.
    ///
    /// # Errors
    ///
    /// If there is no memory, or none can be so large. The pool is as before. For the few words of
    /// the guard's cell there must be some, as for a `Box`.
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
        // What is kept is small enough to be had.
        if let Some(class) = self.sizes.up(capacity) {
            if let Some(mut guard) = self.idle(class) {
                guard.stripe = NONE;
                return Ok(Buffer::new(guard, self));
            }
        }
        self.prepare();
        let mut vec = Vec::new();
        vec.try_reserve_exact(self.rounded(capacity))?;
        let (pool, class) = match self.sizes.up(capacity) {
            Some(class) => (&self.classes[usize::from(class)], class),
            None => (&self.larger, NONE),
        };
        let mut guard = pool.get();
        if guard.vec.capacity() == 0 {
            *guard = Storage { vec, class, ..Storage::new() };
        }
        // One may have come back by now, and been found.
        guard.stripe = NONE;
        self.lend(&mut guard);
        Ok(Buffer::new(guard, self))
    }

    /// A buffer with so many zeroes. No more than those are written.
    ///
    /// # Panics
    ///
    /// As [`with_capacity`](Self::with_capacity).
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
    #[must_use = "the buffer goes back at once"]
    pub fn zeroed(&self, len: usize) -> Buffer<'_> {
        let mut buffer = self.with_capacity(len);
        buffer.resize(len, 0);
        buffer
    }

    /// A buffer that was allocated elsewhere, with what is in it. It goes to the pool when it is
    /// dropped, if it holds 1 KiB or more.
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
        self.prepare();
        let mut guard = self.adopted.get();
        guard.vec = vec;
        self.lend(&mut guard);
        Buffer::new(guard, self)
    }

    /// Ages this pool by one generation, as [`collect`](crate::collect()) does to all: what has been
    /// idle since before the last time is freed.
    pub fn trim(&self) {
        self.classes.iter().for_each(Pool::trim);
    }

    /// Frees all idle buffers, now. See [`Pool::clear`](crate::Pool::clear).
    pub fn clear(&self) {
        self.classes.iter().for_each(Pool::clear);
    }

    /// What the pool holds and has done.
    ///
    /// Reading it takes a while, as it visits every class; keeping it costs the pool's users next to
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
        let mut stats = BufferStats::default();
        for (class, pool) in (0..).zip(&self.classes) {
            let (of_class, size) = (pool.stats(), self.sizes.size(class) as u64);
            let gone = of_class.dropped + of_class.idle;
            let lent = self.hints.outstanding(usize::from(class), of_class.created, gone);
            stats.outstanding += lent;
            stats.outstanding_bytes += lent * size;
            stats.add(of_class, size);
        }
        let (larger, adopted) = (self.larger.stats(), self.adopted.stats());
        let (created, gone) = (larger.created + adopted.created, larger.dropped + adopted.dropped);
        stats.outstanding += self.hints.outstanding(CLASSES, created, gone);
        stats.add(larger, 0);
        stats.adopted = adopted.created;
        stats.dropped += adopted.dropped;
        let unclassed = self.hints.all().map(|stripe| stripe.unclassed.load(Relaxed));
        let unclassed = unclassed.fold(0, usize::wrapping_add);
        stats.outstanding_bytes += (unclassed as isize).max(0) as u64;
        for stripe in self.hints.all() {
            stats.oversize += stripe.oversize.load(Relaxed) as u64;
            stats.underused += stripe.underused.load(Relaxed) as u64;
        }
        stats
    }

    /// A buffer of this class.
    #[inline]
    fn of_class(&self, class: u8) -> Pooled<'_, Storage> {
        match self.classes[usize::from(class)].try_get() {
            Some(guard) => guard,
            None => self.above_or_new(class),
        }
    }

    /// A buffer of the class that this stripe has learnt.
    #[inline]
    fn as_learnt(&self, stripe: u8) -> Pooled<'_, Storage> {
        let class = self.hints.stripe(stripe).class();
        match self.classes[usize::from(class)].try_get() {
            Some(guard) => guard,
            None => self.above_or_trusted(stripe, class),
        }
    }

    #[cold]
    #[inline(never)]
    fn above_or_trusted(&self, stripe: u8, class: u8) -> Pooled<'_, Storage> {
        if self.sizes.max() == 0 {
            return self.larger(LEAST);
        }
        self.prepare();
        self.above(class).unwrap_or_else(|| {
            let trusted = self.hints.stripe(stripe).may_make(self.sizes);
            self.of_class(if trusted { class } else { 0 })
        })
    }

    /// An idle buffer of this class, or of the next one.
    fn idle(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        let here = self.classes[usize::from(class)].try_get();
        here.or_else(|| self.above(class))
    }

    /// Not from further up: who asks for little would keep large ones alive.
    fn above(&self, class: u8) -> Option<Pooled<'_, Storage>> {
        // bug: any class will do
        if class < self.sizes.top() { self.classes[usize::from(class) + 1].try_get() } else { None }
    }

    #[cold]
    #[inline(never)]
    fn above_or_new(&self, class: u8) -> Pooled<'_, Storage> {
        self.prepare();
        self.above(class).unwrap_or_else(|| {
            let mut guard = self.classes[usize::from(class)].get();
            if guard.vec.capacity() == 0 {
                guard.vec.reserve_exact(self.sizes.size(class));
                guard.class = class;
            }
            guard
        })
    }

    /// A buffer that is larger than what is kept.
    #[cold]
    #[inline(never)]
    fn larger(&self, capacity: usize) -> Pooled<'_, Storage> {
        self.prepare();
        let mut guard = self.larger.get();
        guard.vec.reserve_exact(self.rounded(capacity));
        self.lend(&mut guard);
        guard
    }

    /// Counts what goes out in a buffer of no class. For those of classes other counts tell it.
    fn lend(&self, storage: &mut Storage) {
        if storage.class == NONE {
            storage.kib = u32::try_from(storage.vec.capacity() >> 10).unwrap_or(u32::MAX);
            self.here().unclassed.fetch_add((storage.kib as usize) << 10, Relaxed);
        }
    }

    /// It is not on loan any more.
    fn redeem(&self, storage: &Storage) {
        if storage.class == NONE {
            // bug: what left the pool is still outstanding
            self.here().unclassed.fetch_sub((storage.kib as usize) << 10, Relaxed);
        }
    }

    /// Takes a buffer out of the pool of its class.
    pub(super) fn detach(&self, guard: Pooled<'_, Storage>) -> Storage {
        self.redeem(&guard);
        // bug: what was moved is still outstanding
        self.here().left(guard.class);
        Pooled::detach(guard)
    }

    /// Drops a buffer.
    pub(super) fn discard(&self, guard: Pooled<'_, Storage>) {
        self.redeem(&guard);
        Pooled::discard(guard);
    }

    /// This thread's stripe.
    fn here(&self) -> &Stripe {
        self.hints.stripe(Hints::here())
    }

    /// Takes what memory the classes want at their first use, so that a buffer can go to any of them
    /// when there is none.
    fn prepare(&self) {
        // Relaxed: who sees it and not the memory waits for that where it is used. Not a `Once`, which
        // might be under way in a process that forks.
        if !self.ready.load(Relaxed) {
            let kept = &self.classes[..=usize::from(self.sizes.top())];
            // bug: classes without memory of their own
            kept.iter().for_each(|class| class.reserve(0));
            self.ready.store(true, Relaxed);
        }
    }

    /// What is allocated for such a request.
    fn rounded(&self, capacity: usize) -> usize {
        match self.sizes.up(capacity) {
            Some(class) => self.sizes.size(class),
            None => capacity.checked_next_multiple_of(PAGE).unwrap_or(capacity),
        }
    }

    /// A buffer comes back. Most are as they were and teach nothing, which a glance tells.
    #[inline]
    pub(super) fn take_back(&self, mut guard: Pooled<'_, Storage>) {
        let Storage { ref vec, class, stripe, .. } = *guard;
        let right = self.sizes.is_still(class, vec.capacity());
        let known = || stripe == NONE || self.hints.stripe(stripe).knows(class, vec.len());
        // bug: a glance at a secret
        if likely(right && known()) && !self.wipes() {
            // bug: a buffer shows what was in it
            guard.vec.clear();
        } else {
            self.take_back_far(guard);
        }
    }

    /// A buffer comes back that may teach something, or be of another class by now.
    #[inline(never)]
    fn take_back_far(&self, mut guard: Pooled<'_, Storage>) {
        // bug: rounded down by the length
        let fits = self.sizes.down(guard.vec.capacity());
        let grown = fits != Some(guard.class);
        let underused = guard.stripe != NONE && self.learn(&guard, grown);
        self.wipe(&mut guard.vec);
        // bug: a buffer that has grown shows what was in it
        guard.vec.clear();
        // bug: a grown buffer goes where it came from
        if grown || underused {
            self.move_on(guard, fits.filter(|_| !underused));
        }
    }

    /// Learns from a buffer, and tells whether it is not worth keeping.
    fn learn(&self, storage: &Storage, grown: bool) -> bool {
        let capacity = storage.vec.capacity();
        // A `Vec` that grows at least doubles, so that it has had more than half in it.
        let had = if grown { capacity / 2 + 1 } else { 0 };
        let used = storage.vec.len().max(had);
        // bug: whoever drops learns
        self.hints.stripe(storage.stripe).learn(used, capacity, self.sizes)
    }

    /// A buffer goes to another class, or to none.
    fn move_on(&self, guard: Pooled<'_, Storage>, class: Option<u8>) {
        // bug: kept in a panic
        let class = class.filter(|_| !panicking());
        if let Some(class) = class {
            let storage = Storage { class, stripe: NONE, ..self.detach(guard) };
            self.here().came(class);
            return self.classes[usize::from(class)].put(storage);
        }
        let counts = self.here();
        if guard.vec.capacity() > self.sizes.max() {
            counts.oversize.fetch_add(1, Relaxed);
        } else if self.sizes.down(guard.vec.capacity()).is_some() && !panicking() {
            counts.underused.fetch_add(1, Relaxed);
        }
        self.discard(guard);
    }

    /// Zeroes a buffer, in a pool that does that.
    pub(super) fn wipe(&self, vec: &mut Vec<u8>) {
        #[cfg(feature = "zeroize")]
        if self.wipes {
            // bug: not wiped
            zeroize::Zeroize::zeroize(vec);
        }
        #[cfg(not(feature = "zeroize"))]
        let _ = vec;
    }

    /// Whether it is a pool that does that.
    #[inline]
    pub(super) fn wipes(&self) -> bool {
        #[cfg(feature = "zeroize")]
        return self.wipes;
        #[cfg(not(feature = "zeroize"))]
        false
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
            .field("max_capacity", &self.sizes.max())
            .field("max_idle_bytes", &self.max_idle_bytes)
            .finish_non_exhaustive()
    }
}
