//! Objects that are counted, and allocate nothing but their cells.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use corepool::Pool;

/// Counts of the objects of one program.
#[derive(Debug, Default)]
pub(crate) struct Books {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Books {
    pub(crate) fn alive(&self) -> usize {
        self.made.load(Relaxed) - self.dropped.load(Relaxed)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Relaxed)
    }
}

/// An object with `N` further bytes.
#[derive(Debug)]
pub(crate) struct Item<const N: usize> {
    books: Arc<Books>,
    _bytes: [u8; N],
}

impl<const N: usize> Item<N> {
    pub(crate) fn new(books: &Arc<Books>) -> Self {
        books.made.fetch_add(1, Relaxed);
        Self { books: books.clone(), _bytes: [0; N] }
    }
}

impl<const N: usize> Drop for Item<N> {
    fn drop(&mut self) {
        self.books.dropped.fetch_add(1, Relaxed);
    }
}

/// The type of `create`.
pub(crate) type Create<const N: usize> = Box<dyn Fn() -> Item<N> + Send + Sync>;

/// A pool, and the counts of its objects.
pub(crate) type Counted<const N: usize> = (Pool<Item<N>, Create<N>>, Arc<Books>);

/// Returns a pool of at most `max_idle` idle objects, by what they weigh.
pub(crate) fn weighed<const N: usize>(max_idle: usize) -> Counted<N> {
    let (pool, books) = pool(usize::MAX);
    (pool.with_weight(|_| 3).with_max_idle_bytes(3 * max_idle), books)
}

/// Returns a pool of at most `max_idle` idle objects.
pub(crate) fn pool<const N: usize>(max_idle: usize) -> Counted<N> {
    let books = Arc::<Books>::default();
    let source = books.clone();
    let create: Create<N> = Box::new(move || Item::new(&source));
    (Pool::new(create).with_max_idle(max_idle), books)
}
