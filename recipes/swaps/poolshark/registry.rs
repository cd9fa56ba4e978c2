//! A pool for each type: a list under a lock, and what each thread remembers of it.

use std::{
    any::{Any, TypeId},
    cell::Cell,
    collections::HashMap,
    hash::{Hash, Hasher},
    ptr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::DEFAULT_SIZES;

/// The largest number of objects that are kept, and the largest capacity of one.
pub type Sizes = (usize, usize);

/// A pool of the list. It is never dropped.
pub trait Entry: Any + Send + Sync {
    fn new(sizes: Sizes) -> Self
    where
        Self: Sized;

    fn sizes(&self) -> Sizes;

    fn clear(&self);
}

#[derive(Default)]
struct Known {
    sizes: HashMap<TypeId, Sizes>,
    pools: HashMap<TypeId, &'static dyn Entry>,
}

pub struct Registry {
    known: Mutex<Option<Known>>,
    /// Changes when a pool is replaced.
    version: AtomicUsize,
}

/// A pool of the type with this id, as it was in this version of its registry.
#[derive(Clone, Copy)]
struct Remembered {
    id: TypeId,
    version: usize,
    pool: *const (),
}

thread_local! {
    static REMEMBERED: [Cell<Remembered>; 16] =
        const { [const { Cell::new(Remembered::NOTHING) }; 16] };
}

impl Remembered {
    const NOTHING: Self = Self { id: TypeId::of::<()>(), version: 0, pool: ptr::null() };
}

impl Registry {
    pub const fn new() -> Self {
        Self { known: Mutex::new(None), version: AtomicUsize::new(0) }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Known) -> R) -> R {
        f(self.known.lock().unwrap().get_or_insert_default())
    }

    /// Returns the pool `E`. If there is none, it is made with these sizes, or with those that are
    /// set.
    #[inline]
    pub fn get<E: Entry>(&self, sizes: Option<Sizes>) -> &'static E {
        let (id, version) = (TypeId::of::<E>(), self.version.load(Relaxed));
        REMEMBERED.with(|remembered| {
            let place = &remembered[hash(id) % remembered.len()];
            let known = place.get();
            if known.id != id || known.version != version {
                let found: &dyn Any = self.find_or_add::<E>(sizes);
                let found = found.downcast_ref::<E>().expect("the pool of this type");
                place.set(Remembered { id, version, pool: ptr::from_ref(found).cast() });
                return found;
            }
            // SAFETY: no pool is a `()`, so it is an `E`, which is never dropped.
            #[expect(unsafe_code, reason = "a downcast would call through a table")]
            unsafe {
                &*known.pool.cast()
            }
        })
    }

    #[cold]
    fn find_or_add<E: Entry>(&self, sizes: Option<Sizes>) -> &'static dyn Entry {
        let sizes = sizes.unwrap_or_else(|| self.get_size::<E>());
        let add = || Box::leak(Box::new(E::new(sizes))) as &dyn Entry;
        self.with(|known| *known.pools.entry(TypeId::of::<E>()).or_insert_with(add))
    }

    pub fn set_size<E: Entry>(&self, sizes: Sizes) {
        self.with(|known| known.sizes.insert(TypeId::of::<E>(), sizes));
    }

    pub fn get_size<E: Entry>(&self) -> Sizes {
        self.with(|known| *known.sizes.get(&TypeId::of::<E>()).unwrap_or(&DEFAULT_SIZES))
    }

    pub fn clear(&self) {
        let pools: Vec<_> = self.with(|known| known.pools.values().copied().collect());
        pools.iter().for_each(|pool| pool.clear());
    }

    /// Clears the pool `E`. If other sizes have been set since it was made, another replaces it.
    pub fn clear_type<E: Entry>(&self) {
        let (id, sizes) = (TypeId::of::<E>(), self.get_size::<E>());
        if let Some(pool) = self.with(|known| known.pools.get(&id).copied()) {
            pool.clear();
            if pool.sizes() != sizes {
                self.with(|known| known.pools.remove(&id));
                self.version.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Returns a part of the id, which is a hash by itself.
#[inline]
fn hash(id: TypeId) -> usize {
    struct Last(u64);

    impl Hasher for Last {
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
