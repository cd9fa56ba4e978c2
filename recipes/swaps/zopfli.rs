//! The pool of zopfli 0.8.1, in its module `hash`: hash tables of 704 KiB, which each run of the
//! compressor needs.
//!
//! Theirs is a `LinearObjectPool` behind a lazy cell. It makes 32 tables at its first use: 22 MiB.

use corepool::{Pool, Pooled};

use crate::hash::ZopfliHash;

pub struct HashPool(Pool<Box<ZopfliHash>>);

impl HashPool {
    pub fn pull(&self) -> Pooled<'_, Box<ZopfliHash>> {
        self.0.get()
    }
}

pub static HASH_POOL: HashPool =
    HashPool(<Pool<Box<ZopfliHash>>>::new(ZopfliHash::new).with_recycle(|hash| {
        hash.reset();
        true
    }));

pub fn prewarm_object_pools() {
    HASH_POOL.pull();
}
