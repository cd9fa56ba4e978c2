//! What zopfli pools: tables of the same size, which need the same work to reset. Theirs is private.

use std::sync::LazyLock;

use lockfree_object_pool::LinearObjectPool;

const WINDOW: usize = 32_768;

pub struct ZopfliHash {
    head: Vec<i16>,
    prev: Vec<[u16; 3]>,
    same: Vec<u16>,
}

impl ZopfliHash {
    pub fn new() -> Box<Self> {
        let mut hash = Box::new(Self {
            head: vec![0; 2 * 65_536],
            prev: vec![[0; 3]; 2 * WINDOW],
            same: vec![0; WINDOW],
        });
        hash.reset();
        hash
    }

    pub fn reset(&mut self) {
        self.head.fill(-1);
        let (first, second) = self.prev.split_at_mut(WINDOW);
        first.iter_mut().zip(0..).for_each(|(prev, i)| *prev = [i, 0, 0]);
        second.copy_from_slice(first);
        self.same.fill(0);
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "for tests"))]
    pub fn is_fresh(&self) -> bool {
        self.head.iter().all(|&head| head == -1) && self.same.iter().all(|&same| same == 0)
    }

    pub fn update(&mut self, at: u16) {
        self.head[usize::from(at)] = 1;
        self.same[usize::from(at) % WINDOW] = 1;
    }
}

/// The published pool with these tables, as zopfli declares it.
pub static PUBLISHED: LazyLock<LinearObjectPool<Box<ZopfliHash>>> =
    LazyLock::new(|| LinearObjectPool::new(ZopfliHash::new, |hash| hash.reset()));
