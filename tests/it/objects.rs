//! Objects of every size and alignment come back unchanged, at an aligned address.

use std::fmt::Debug;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use corepool::{Pool, collect};

use crate::util::{Peer, alone, drain, on_thread, repeat, sorted};

/// Sends `n` objects through slots, chains, steals, the shelf and victims.
fn round_trip<T: Ord + Debug + Send + Sync + 'static>(n: u64, make: fn(u64) -> T) {
    let _alone = alone();
    let pool: Pool<T> = Pool::new(|| unreachable!());
    let all = |range| Vec::from_iter(Iterator::map(range, make));
    thread::scope(|s| {
        let peer = Peer::new(s);
        let pool = &pool;
        peer.run(move || (0..n).for_each(|i| pool.put(make(i))));
        // Some are stolen; the rest can be taken after the peer's thread has ended.
        let mut seen = drain(pool);
        drop(peer);
        seen.extend(drain(pool));
        assert_eq!(sorted(seen), sorted(all(0..n)));
    });
    (0..n).for_each(|i| pool.put(make(i)));
    collect();
    let mut seen = on_thread(|| pool.try_take().into_iter().collect::<Vec<_>>());
    while let Some(guard) = pool.try_get() {
        assert!((&raw const *guard).is_aligned());
        seen.push(corepool::Pooled::detach(guard));
    }
    assert_eq!(sorted(seen), sorted(all(0..n)));
    (0..n).for_each(|i| pool.put(make(i)));
    assert_eq!(pool.stats().idle, n);
}

#[test]
fn strings_come_back_whole() {
    round_trip(200, |i| i.to_string());
}

#[test]
fn non_zero_integers_come_back_whole() {
    round_trip(200, |i| NonZeroU64::MIN.saturating_add(i));
}

#[test]
fn static_references_come_back_whole() {
    const WORDS: [&str; 3] = ["one", "two", "three"];
    round_trip(200, |i| WORDS[i as usize % 3]);
}

#[test]
fn optional_boxes_come_back_whole() {
    round_trip(200, |i| (i % 3 != 0).then(|| Box::new(i)));
}

#[test]
fn single_bytes_come_back_whole() {
    round_trip(200, |i| i as u8);
}

#[test]
fn page_sized_objects_come_back_whole() {
    round_trip(60, |i| [i; 4096 / 8]);
}

#[test]
fn objects_too_large_for_a_magazine_come_back_whole() {
    round_trip(40, |i| [i; (40 << 10) / 8]);
}

/// A thread with room for the many copies that a debug build makes.
fn on_deep_thread(f: fn()) {
    let builder = thread::Builder::new().stack_size(256 << 20);
    builder.spawn(f).unwrap().join().unwrap();
}

#[test]
fn megabyte_objects_come_back_whole() {
    const WORDS: usize = repeat(1 << 20, 1 << 10) / 8;
    static POOL: Pool<[u64; WORDS]> = Pool::new(|| [3; WORDS]);
    let _alone = alone();
    on_deep_thread(|| {
        POOL.put([1; WORDS]);
        POOL.put([2; WORDS]);
        drop(POOL.get());
        drop([POOL.get(), POOL.get(), POOL.get()]);
    });
    on_deep_thread(|| {
        let held = Vec::from_iter(std::iter::from_fn(|| POOL.try_get()));
        let mut words = Vec::from_iter(held.iter().map(|guard| guard[0]));
        for guard in &held {
            assert!(guard.iter().all(|word| *word == guard[0]));
        }
        words.sort();
        assert_eq!(words, [1, 2, 3]);
        drop(held);
        POOL.clear();
        assert_eq!(POOL.take()[WORDS - 1], 3);
    });
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(align(128))]
struct Aligned(u8);

#[test]
fn over_aligned_objects_come_back_whole() {
    round_trip(200, |i| Aligned(i as u8));
}

/// Computes the alignment by hand, since the compiler may assume the result of `is_aligned`.
#[test]
fn over_aligned_objects_stay_aligned() {
    let _alone = alone();
    let pool: Pool<Aligned> = Pool::new(|| Aligned(0));
    for _ in 0..3 {
        let held: Vec<_> = (0..100).map(|_| pool.get()).collect();
        for guard in &held {
            let address = (&raw const **guard).addr();
            assert_eq!(std::hint::black_box(address) % 128, 0);
        }
    }
    assert_eq!(pool.stats().created, 100);
}

static UNITS: AtomicUsize = AtomicUsize::new(0);

/// An object without content: only its type is counted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit;

impl Unit {
    fn new() -> Self {
        UNITS.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        UNITS.fetch_sub(1, Relaxed);
    }
}

#[test]
fn zero_sized_objects_are_counted() {
    round_trip(200, |_| Unit::new());
    let _alone = alone();
    assert_eq!(UNITS.load(Relaxed), 0);
    let pool: Pool<Unit> = Pool::new(Unit::new);
    let held: Vec<_> = (0..100).map(|_| pool.get()).collect();
    assert_eq!(UNITS.load(Relaxed), 100);
    drop(held);
    assert_eq!((UNITS.load(Relaxed), pool.stats().idle), (100, 100));
    drop(pool.take());
    assert_eq!(UNITS.load(Relaxed), 99);
    drop(pool);
    assert_eq!(UNITS.load(Relaxed), 0);
}

#[test]
fn trait_objects_can_be_pooled() {
    trait Speak {
        fn speak(&self) -> String;
    }
    impl Speak for u32 {
        fn speak(&self) -> String {
            format!("number {self}")
        }
    }
    impl Speak for Arc<str> {
        fn speak(&self) -> String {
            format!("text {self}")
        }
    }
    let _alone = alone();
    let pool: Pool<Box<dyn Speak + Send>> = Pool::new(|| Box::new(1));
    pool.put(Box::new(Arc::<str>::from("a")));
    (2..50).for_each(|i: u32| pool.put(Box::new(i)));
    assert_eq!(pool.take().speak(), "text a");
    assert_eq!(pool.get().speak(), "number 49");
    let said = drain(&pool).iter().map(|it| it.speak()).collect::<Vec<_>>();
    assert_eq!(said.len(), 48);
    assert_eq!(pool.get().speak(), "number 1");
}

/// Pointers into an object stay valid while the object is pooled.
#[test]
fn an_object_does_not_move_between_guards() {
    let _alone = alone();
    let pool: Pool<[u64; 4]> = Pool::new(|| [0; 4]);
    let address = |guard: &[u64; 4]| guard.as_ptr().addr() as u64;
    let mut held: Vec<_> = (0..100).map(|_| pool.get()).collect();
    for guard in &mut held {
        guard[0] = address(guard);
    }
    drop(held);
    for _ in 0..2 {
        let mut held: Vec<_> = (0..50).map(|_| pool.get()).collect();
        held.extend(on_thread(|| Vec::from_iter((0..20).map(|_| pool.get()))));
        held.extend(std::iter::from_fn(|| pool.try_get()));
        for guard in &mut held {
            assert_eq!(guard[0], address(guard));
        }
        on_thread(move || drop(held));
        collect();
    }
    assert_eq!((pool.stats().created, pool.stats().idle), (100, 100));
}

#[test]
fn a_thread_gets_its_own_object_again() {
    let _alone = alone();
    let next = AtomicUsize::new(0);
    let pool = Pool::new(|| next.fetch_add(1, Relaxed));
    let first = *pool.get();
    assert!((0..repeat(1000, 10)).all(|_| *pool.get() == first));
}

/// Each of them, once. The order is not specified.
#[test]
fn a_thread_gets_all_that_it_has_put_back() {
    let _alone = alone();
    let next = AtomicUsize::new(0);
    let pool = Pool::new(|| next.fetch_add(1, Relaxed));
    for n in [2, 3, 10, 200] {
        let hold = || Vec::from_iter((0..n).map(|_| pool.get()));
        drop(hold());
        let numbers = hold().iter().map(|object| **object).collect();
        assert_eq!(sorted(numbers), Vec::from_iter(0..n));
    }
}

/// With the stack of a thread of `std`, also without optimisation.
#[test]
fn large_objects_fit_on_the_stack() {
    let _alone = alone();
    let work = || {
        let pool = Pool::new(|| [1_u8; 64 << 10]);
        assert_eq!(pool.get()[9], 1);
        let object = pool.take();
        pool.put(object);
        assert_eq!(pool.take()[9], 1);
    };
    thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}
