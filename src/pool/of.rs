//! A pool for each type, for generic code that has no place for a `static`.

use std::{
    any::TypeId,
    cell::Cell,
    hash::{Hash, Hasher},
    ptr::{self, NonNull},
};

use super::pool::Pool;
use crate::{containers::add_only::AddOnly, util::likely::likely};

/// How many pools a thread remembers.
const REMEMBERED: usize = 16;

/// The pool of the type with this id: an owning pointer.
struct PoolOf {
    id: TypeId,
    /// A `Pool<T>` that came from a `Box`.
    pool: NonNull<()>,
    free: unsafe fn(NonNull<()>),
}

// SAFETY: `Pool<T>` may be sent and shared if `T` may be sent.
unsafe impl Send for PoolOf {}
// SAFETY: as above.
unsafe impl Sync for PoolOf {}

impl PoolOf {
    fn new<T: Default + Send + 'static>() -> Self {
        unsafe fn free<T>(pool: NonNull<()>) {
            // SAFETY: it came from a `Box`, and is freed once.
            drop(unsafe { Box::from_raw(pool.cast::<Pool<T>>().as_ptr()) });
        }
        let pool = Box::leak(Box::new(Pool::<T>::new(T::default)));
        Self { id: TypeId::of::<T>(), pool: NonNull::from(pool).cast(), free: free::<T> }
    }
}

impl Drop for PoolOf {
    fn drop(&mut self) {
        // SAFETY: freed once, and nobody has found it: pools that are in use are never dropped.
        unsafe { (self.free)(self.pool) };
    }
}

static POOLS: AddOnly<TypeId, PoolOf> = AddOnly::new();

std::thread_local! {
    /// Pools that the thread has used, by the hashes of their types, or null.
    static KNOWN: [Cell<*const PoolOf>; REMEMBERED] =
        const { [const { Cell::new(ptr::null()) }; REMEMBERED] };
}

/// Returns the pool of the type `T`, which makes its objects by [`Default`]. There is one in the
/// process.
///
/// Use it in generic code, which cannot have a `static` for each type. The pool is never dropped.
///
/// # Examples
///
/// ```
/// fn scratch<T: Default + Send + 'static>() -> corepool::Pooled<'static, T> {
///     corepool::of::<T>().get()
/// }
///
/// scratch::<Vec<u8>>().push(1);
/// scratch::<String>().push('a');
/// assert_eq!(*scratch::<String>(), "a");
/// ```
#[inline]
pub fn of<T: Default + Send + 'static>() -> &'static Pool<T> {
    let id = TypeId::of::<T>();
    let pool = KNOWN.with(|known| {
        let place = &known[hash(id) % REMEMBERED];
        // SAFETY: null, or a value of `POOLS`, which is never dropped.
        match unsafe { place.get().as_ref() } {
            Some(known) if likely(known.id == id) => known.pool,
            _ => {
                let found = find_or_add::<T>();
                place.set(found);
                found.pool
            }
        }
    });
    // SAFETY: the pool of this type, which is never dropped.
    unsafe { pool.cast().as_ref() }
}

#[cold]
#[inline(never)]
fn find_or_add<T: Default + Send + 'static>() -> &'static PoolOf {
    POOLS.find_or_add(TypeId::of::<T>(), PoolOf::new::<T>)
}

/// Returns a part of the id, which is a hash by itself.
#[inline]
fn hash(id: TypeId) -> usize {
    struct Last(u64);

    impl Hasher for Last {
        #[inline]
        fn write(&mut self, bytes: &[u8]) {
            bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
        }

        #[inline]
        fn write_u64(&mut self, part: u64) {
            self.0 = part;
        }

        #[inline]
        fn finish(&self) -> u64 {
            self.0
        }
    }

    let mut last = Last(0);
    id.hash(&mut last);
    last.finish() as usize
}
