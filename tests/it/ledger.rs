//! Under stress, every object has one holder at a time, is dropped once, and is seen as its last
//! holder left it. The objects themselves check this.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use corepool::{OwnedPooled, Pool, Pooled, collect};

use crate::rng::Rng;
use crate::util::{alone, amid_collects, fail, live, on_thread, on_threads, panics, repeat};

/// Counts of all items of a test.
#[derive(Default)]
struct Ledger {
    created: AtomicUsize,
    dropped: AtomicUsize,
    wrong: AtomicUsize,
}

impl Ledger {
    fn totals(&self) -> [u64; 3] {
        [&self.created, &self.dropped, &self.wrong].map(|n| n.load(Relaxed) as u64)
    }

    /// Checks that every item was dropped once, and had one holder at a time.
    fn balance(&self) {
        let [created, dropped, wrong] = self.totals();
        assert_eq!((created - dropped, wrong), (0, 0));
        assert!(created > 0);
    }
}

const ALIVE: u64 = 0x0B1E_C7A1_15E0;
const DEAD: u64 = !ALIVE;

/// Relaxed and plain accesses only: the pool has to order them.
struct Item {
    ledger: Arc<Ledger>,
    state: AtomicU64,
    held: AtomicBool,
    uses: u32,
    words: [u64; 8],
}

impl Item {
    fn new(ledger: &Arc<Ledger>) -> Self {
        ledger.created.fetch_add(1, Relaxed);
        Self {
            ledger: ledger.clone(),
            state: AtomicU64::new(ALIVE),
            held: AtomicBool::new(false),
            uses: 0,
            words: [0; 8],
        }
    }

    /// The new holder checks the object and leaves its mark.
    fn hold(&mut self, mark: u64) {
        assert_eq!(self.state.load(Relaxed), ALIVE, "used after its drop");
        assert!(!self.held.swap(true, Relaxed), "held twice");
        assert_eq!(self.words, [self.words[0]; 8], "half written");
        assert_eq!(self.uses == 0, self.words[0] == 0, "not the last state");
        self.uses += 1;
        self.words = [mark; 8];
    }

    /// The recycle hook. It refuses some items, as worn out.
    fn recycle(&mut self) -> bool {
        if !self.held.swap(false, Relaxed) && self.uses > 0 {
            self.ledger.wrong.fetch_add(1, Relaxed);
        }
        self.uses % 64 != 63
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if self.state.swap(DEAD, Relaxed) != ALIVE {
            self.ledger.wrong.fetch_add(1, Relaxed);
        }
        self.ledger.dropped.fetch_add(1, Relaxed);
    }
}

type Create = Box<dyn Fn() -> Item + Send + Sync>;

/// A pool, its ledger, and a place where threads exchange guards.
struct Shop {
    ledger: Arc<Ledger>,
    pool: Arc<Pool<Item, Create>>,
    swap: Mutex<Option<OwnedPooled<Item>>>,
}

impl Shop {
    fn open(max_idle: usize) -> Self {
        let ledger = Arc::new(Ledger::default());
        let books = ledger.clone();
        let create: Create = Box::new(move || Item::new(&books));
        let pool = Pool::new(create).with_recycle(Item::recycle).with_max_idle(max_idle);
        Self { ledger, pool: Arc::new(pool), swap: Mutex::new(None) }
    }

    /// One random thing that a user may do.
    fn serve(&self, rng: &mut Rng) {
        let pool = &*self.pool;
        let mark = rng.below(1 << 30) as u64 + 1;
        match rng.below(100) {
            0..40 => pool.get().hold(mark),
            40..55 => {
                let mut item = pool.take();
                item.hold(mark);
                pool.put(item);
            }
            55..65 => {
                if let Some(mut guard) = pool.try_get() {
                    guard.hold(mark);
                }
            }
            65..75 => {
                let mut guard = self.pool.get_owned();
                guard.hold(mark);
                let other = self.swap.lock().unwrap().replace(guard);
                drop(other);
            }
            75..85 => {
                let mut many: Vec<_> = (0..30).map(|_| pool.get()).collect();
                many.iter_mut().for_each(|guard| guard.hold(mark));
            }
            85..88 => Pooled::detach(pool.get()).hold(mark),
            88..90 => Pooled::discard(pool.get()),
            90..92 => {
                let text = panics(|| {
                    pool.get().hold(mark);
                    let _held = pool.get();
                    fail("planned")
                });
                assert_eq!(text, "planned");
            }
            92..94 => pool.reserve(rng.below(20)),
            94..96 => collect(),
            96..98 => pool.trim(),
            98 => pool.clear(),
            _ => assert!(pool.stats().idle < 1 << 20),
        }
    }

    /// All threads have ended: every live object must be idle.
    fn close(self) {
        drop(self.swap);
        let [created, dropped, _] = self.ledger.totals();
        assert_eq!(self.pool.stats().idle, created - dropped);
        assert_eq!(self.pool.stats().created, created);
        drop(self.pool);
        self.ledger.balance();
    }
}

#[test]
fn eight_threads_account_for_every_object() {
    let _alone = alone();
    for max_idle in [usize::MAX, 50] {
        let shop = Shop::open(max_idle);
        let serve = |seed| {
            let mut rng = Rng::new(seed);
            (0..repeat(8_000, 20)).for_each(|_| shop.serve(&mut rng));
        };
        amid_collects(|| on_threads(8, serve));
        shop.close();
    }
}

#[test]
fn short_lived_threads_account_for_every_object() {
    let _alone = alone();
    for max_idle in [usize::MAX, 50] {
        let shop = Shop::open(max_idle);
        let serve = |seed| {
            let mut rng = Rng::new(seed);
            (0..repeat(50, 5)).for_each(|_| shop.serve(&mut rng));
        };
        amid_collects(|| {
            for batch in 0..repeat(50, 2) {
                on_threads(10, |i| serve(batch * 10 + i));
            }
        });
        shop.close();
    }
}

/// A thread that keeps ageing the pool takes no object from the pool's users.
#[test]
fn constant_collects_lose_no_object() {
    let _alone = alone();
    let shop = Shop::open(usize::MAX);
    on_threads(4, |i| match i {
        0 => (0..repeat(1_000, 10)).for_each(|_| collect()),
        1 => (0..repeat(1_000, 10)).for_each(|_| shop.pool.trim()),
        _ => {
            for mark in 1..repeat(20_000, 100) as u64 {
                let mut guards = [shop.pool.get(), shop.pool.get()];
                guards.iter_mut().for_each(|guard| guard.hold(mark));
            }
        }
    });
    shop.close();
}

#[test]
fn pools_are_made_and_dropped_during_collects() {
    let _alone = alone();
    let life = |seed| {
        let mut rng = Rng::new(seed);
        let open_and_close = |_| {
            let shop = Shop::open(usize::MAX);
            (0..20).for_each(|_| shop.serve(&mut rng));
            shop.ledger
        };
        Vec::from_iter((0..repeat(200, 2)).map(open_and_close))
    };
    let ledgers = amid_collects(|| on_threads(4, life));
    // Not earlier: another thread's collect may have held some objects.
    ledgers.iter().flatten().for_each(|books| books.balance());
}

/// Only the pool carries messages from thread to thread.
#[test]
fn get_sees_the_writes_before_put() {
    const EACH: u64 = repeat(20_000, 100) as u64;
    let _alone = alone();
    let pool: Pool<Box<[u64; 4]>> = Pool::new(|| unreachable!());
    let read = |message: Box<[u64; 4]>| {
        let [first, ..] = *message;
        assert_eq!(*message, [first; 4]);
        first
    };
    let mut sum: u64 = on_threads(4, |i| match i {
        0 | 1 => {
            (1..=EACH).for_each(|v| pool.put(Box::new([v; 4])));
            0
        }
        _ => (0..EACH).filter_map(|_| pool.try_take()).map(read).sum(),
    })
    .iter()
    .sum();
    while let Some(message) = pool.try_take() {
        sum += read(message);
    }
    assert_eq!(sum, EACH * (EACH + 1));
}

/// A pool may be dropped while the threads that filled it are alive.
#[test]
fn dropping_a_pool_drops_the_objects_of_living_threads() {
    let _alone = alone();
    let token = Arc::new(());
    for _ in 0..repeat(100, 3) {
        let pool: Pool<Arc<()>> = Pool::new(Arc::default);
        on_thread(|| (0..20).for_each(|_| pool.put(token.clone())));
        (0..40).for_each(|_| pool.put(token.clone()));
        pool.trim();
        (0..40).for_each(|_| pool.put(token.clone()));
        assert_eq!(live(&token), 100);
        drop(pool);
        assert_eq!(live(&token), 0);
    }
}
