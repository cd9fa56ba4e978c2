//! Every public item of the crate root and of `alloc`, used once, as a user's program writes it. A
//! change that breaks such a program fails here to compile.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io,
    time::Duration,
};

use corepool::{
    Janitor, JanitorBuilder, Level, Manage, OwnedPooled, Pool, Pooled, Pressure, Stats,
    alloc::PacedAlloc,
};

use crate::util::alone;

static PLAIN: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));

static CHAINED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(4096))
    .with_recycle(|buffer| {
        buffer.clear();
        true
    })
    .with_max_idle(100)
    .with_max_idle_bytes(1 << 20)
    .with_weight(Vec::capacity)
    .with_min_idle(1)
    .with_name("chained");

static PACED: PacedAlloc<System> =
    PacedAlloc::new(System).with_growth(100).with_floor(4 * 1024 * 1024);

/// A manager with state. `Counter` has the `recycle` that the trait provides.
struct Buffers {
    capacity: usize,
}

impl Manage<Vec<u8>> for Buffers {
    fn create(&self) -> Vec<u8> {
        Vec::with_capacity(self.capacity)
    }

    fn recycle(&self, object: &mut Vec<u8>) -> bool {
        object.clear();
        object.capacity() <= 2 * self.capacity
    }
}

struct Counter;

impl Manage<u32> for Counter {
    fn create(&self) -> u32 {
        7
    }
}

/// Guards in the fields of a struct: they do not name the manager.
struct Connection<'p> {
    input: Pooled<'p, Vec<u8>>,
    output: OwnedPooled<Vec<u8>>,
}

#[test]
fn pools_are_made_in_every_form() {
    let _alone = alone();
    assert!(PLAIN.get().capacity() >= 4096);
    assert!(CHAINED.get().capacity() >= 4096);
    let captured = 16;
    let inferred = Pool::new(move || Vec::<u8>::with_capacity(captured));
    assert!(inferred.get().capacity() >= 16);
    let managed = Pool::new(Buffers { capacity: 32 });
    managed.get().push(1);
    assert!(managed.get().is_empty());
    assert_eq!(*Pool::new(Counter).get(), 7);
    let named: Pool<u32, Counter> = Pool::new(Counter);
    assert_eq!(named.take(), 7);
}

#[test]
fn guards_and_values_are_got_in_every_way() {
    let _alone = alone();
    let pool: Pool<Vec<u8>> = Pool::new(Vec::new);
    assert!(pool.try_get().is_none());
    assert!(pool.try_take().is_none());
    let got: Pooled<'_, Vec<u8>> = pool.get();
    let with: Pooled<'_, Vec<u8>> = pool.get_or(|| vec![1]);
    let tried: Result<Pooled<'_, Vec<u8>>, ()> = pool.get_or_try(|| Ok(vec![2]));
    let failed: Result<Pooled<'_, Vec<u8>>, &str> = pool.get_or_try(|| Err("no"));
    let attached: Pooled<'_, Vec<u8>> = pool.attach(vec![3]);
    assert_eq!((got.len(), with[0], tried.unwrap()[0], attached[0]), (0, 1, 2, 3));
    assert_eq!(failed.unwrap_err(), "no");
    drop((got, with, attached));
    let value: Vec<u8> = pool.take();
    pool.put(value);
    assert!(pool.try_get().is_some());
    let tried: Option<Vec<u8>> = pool.try_take();
    assert!(tried.is_some());
}

#[test]
fn guards_are_used_in_every_way() {
    let _alone = alone();
    let pool: Pool<Vec<u8>> = Pool::new(Vec::new);
    let mut connection = Connection { input: pool.get(), output: pool.get_owned() };
    connection.input.push(1);
    connection.output.push(2);
    assert_eq!((connection.input.len(), connection.output.len()), (1, 1));
    let input: Vec<u8> = Pooled::detach(connection.input);
    let output: Vec<u8> = OwnedPooled::detach(connection.output);
    assert_eq!((input, output), (vec![1], vec![2]));
}

#[test]
fn guards_end_in_every_way() {
    let _alone = alone();
    let pool: Pool<Vec<u8>> = Pool::new(Vec::new);
    Pooled::discard(pool.get());
    OwnedPooled::discard(pool.get_owned());
    let raw = Pooled::into_raw(pool.get());
    // SAFETY: it came from `into_raw` of this pool, just now.
    drop(unsafe { pool.from_raw(raw) });
    assert_eq!(pool.stats().idle, 1);
    let outlives = pool.get_owned();
    drop(pool);
    drop(outlives);
}

#[test]
fn a_pool_is_filled_emptied_and_counted() {
    let _alone = alone();
    let pool: Pool<Vec<u8>> = Pool::new(Vec::new);
    pool.reserve(3);
    let drained: Vec<Vec<u8>> = pool.drain().collect();
    assert_eq!(drained.len(), 3);
    pool.reserve(1);
    pool.trim();
    pool.clear();
    corepool::collect();
    let Stats {
        idle, outstanding, hits, misses, steals, victim_hits, created, dropped, ..
    }: Stats = pool.stats().clone();
    let counts: [u64; 8] = [idle, outstanding, hits, misses, steals, victim_hits, created, dropped];
    assert_eq!(counts[..2], [0, 0], "{:?}", Stats::default());
}

#[test]
fn every_other_item_of_the_root() {
    let _alone = alone();
    corepool::init();
    corepool::of::<Vec<u8>>().get().push(1);
    assert_eq!(CHAINED.name(), "chained");
    let _: fn(Option<Duration>) = corepool::set_collect_interval;
    let _: fn(Duration) -> io::Result<Janitor> = corepool::janitor;
    let _: fn(Duration) -> JanitorBuilder = JanitorBuilder::new;
    let _: Option<(Pressure, Level)> = None;
}

#[test]
fn an_allocator_that_counts() {
    let _alone = alone();
    let (before, layout) = (PACED.live_bytes(), Layout::new::<u64>());
    // SAFETY: the layout is not empty, and the memory is freed once, with the same layout.
    unsafe {
        let memory = PACED.alloc(layout);
        assert!(!memory.is_null());
        PACED.dealloc(memory, layout);
    }
    let (_, _): (usize, u64) = (before, PACED.collections());
}
