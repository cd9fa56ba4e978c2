//! `PerSeat`: which value a thread gets, and how long values live.

use std::{
    cell::RefCell,
    panic::{RefUnwindSafe, UnwindSafe},
    ptr,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use corepool::{PerSeat, with_seat};

use crate::util::{alone, fail, on_thread, on_threads, panics, repeat};

/// A counter that is advanced by a load and a store.
#[derive(Debug, Default)]
struct Count {
    count: AtomicUsize,
    busy: AtomicBool,
}

impl Count {
    /// Counts one, and checks that no other thread does so at the same time.
    fn add(&self) {
        assert!(!self.busy.swap(true, Relaxed), "two threads have this value");
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
        self.busy.store(false, Relaxed);
    }

    fn get(&self) -> usize {
        self.count.load(Relaxed)
    }
}

fn sum(counts: &PerSeat<Count>) -> usize {
    counts.fold(0, |sum, one| sum + one.get())
}

fn address<T: Send + Sync + 'static>(values: &PerSeat<T>) -> usize {
    values.with(|value| ptr::from_ref(value).addr())
}

#[test]
fn per_seat_counts_lose_nothing() {
    static COUNTS: PerSeat<Count> = PerSeat::new(Count::default);
    let _alone = alone();
    let times = repeat(5_000, 20);
    for _ in 0..repeat(20, 3) {
        on_threads(8, |_| {
            let mut before = 0;
            for _ in 0..times {
                COUNTS.with(Count::add);
                let now = sum(&COUNTS);
                assert!(now > before, "a sum does not fall, and counts one's own");
                before = now;
            }
        });
    }
    assert_eq!(sum(&COUNTS), repeat(20, 3) * 8 * times);
    assert!(COUNTS.iter().count() <= 9, "as many as threads at one time");
}

#[test]
fn per_seat_values_stay_for_the_next_thread() {
    let _alone = alone();
    let counts = PerSeat::<Count>::default();
    for _ in 0..repeat(100, 5) {
        on_thread(|| counts.with(Count::add));
    }
    let all: Vec<_> = counts.iter().map(Count::get).collect();
    assert_eq!(all, [repeat(100, 5)]);
}

#[test]
fn per_seat_values_of_threads_share_no_cache_line() {
    let _alone = alone();
    let (bytes, ready) = (PerSeat::new(AtomicBool::default), Barrier::new(4));
    let mut all = on_threads(4, |_| {
        ready.wait();
        let address = address(&bytes);
        ready.wait();
        assert!(bytes.with(|outer| bytes.with(|inner| ptr::eq(outer, inner))));
        address
    });
    all.sort();
    assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= 128), "{all:?}");
}

/// More seats than the first table has entries.
#[test]
fn per_seat_has_a_value_for_each_of_many_threads() {
    let _alone = alone();
    let many = repeat(600, 12);
    let (counts, ready) = (PerSeat::new(Count::default), Barrier::new(many));
    thread::scope(|s| {
        for _ in 0..many {
            let small = thread::Builder::new().stack_size(128 << 10);
            let count = || {
                counts.with(Count::add);
                let first = address(&counts);
                ready.wait();
                counts.with(Count::add);
                assert_eq!(address(&counts), first);
                ready.wait();
            };
            small.spawn_scoped(s, count).unwrap();
        }
    });
    assert_eq!(counts.iter().map(Count::get).collect::<Vec<_>>(), vec![2; many]);
}

#[test]
fn per_seat_keeps_nothing_of_a_make_that_panics() {
    static FAILS: AtomicUsize = AtomicUsize::new(2);
    let _alone = alone();
    let values = PerSeat::new(|| {
        if FAILS.load(Relaxed) > 0 {
            FAILS.fetch_sub(1, Relaxed);
            fail("make");
        }
        7
    });
    for _ in 0..2 {
        assert_eq!(panics(|| values.with(|_| unreachable!())), "make");
        assert_eq!(values.iter().count(), 0);
    }
    assert_eq!(values.with(|value| *value), 7);
    assert_eq!(panics(|| values.with(|_| fail("f"))), "f");
    assert_eq!(format!("{values:?}"), "[7]");
}

/// A value that counts itself.
struct Counted(usize);

static ALIVE: AtomicUsize = AtomicUsize::new(0);

impl Counted {
    fn new() -> Self {
        Self(ALIVE.fetch_add(1, Relaxed))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

#[test]
fn per_seat_make_may_use_its_per_seat() {
    static VALUES: PerSeat<Counted> = PerSeat::new(make);
    static DEPTH: AtomicUsize = AtomicUsize::new(0);
    fn make() -> Counted {
        let new = Counted::new();
        if DEPTH.fetch_add(1, Relaxed) < 3 {
            VALUES.with(|inner| assert_eq!(inner.0, 3));
        }
        new
    }
    let _alone = alone();
    assert_eq!(VALUES.with(|value| value.0), 3, "the innermost one");
    assert_eq!((ALIVE.load(Relaxed), VALUES.iter().count()), (1, 1));
    ALIVE.store(0, Relaxed);
}

#[test]
fn per_seat_drops_each_value_once() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Fails;
    impl Drop for Fails {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
            fail("drop");
        }
    }
    let _alone = alone();
    let (values, ready) = (PerSeat::new(|| Box::new(Fails)), Barrier::new(5));
    on_threads(5, |_| {
        values.with(|_| ready.wait());
        assert_eq!(DROPS.load(Relaxed), 0);
        ready.wait();
    });
    assert_eq!(values.iter().count(), 5);
    assert_eq!(panics(|| drop(values)), "drop");
    assert_eq!(DROPS.load(Relaxed), 5);
}

struct AtExit(fn());

impl Drop for AtExit {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// A thread that has given its seat back borrows a value, and another one for a nested call.
#[test]
fn per_seat_values_are_borrowed_by_thread_local_destructors() {
    static COUNTS: PerSeat<Count> = PerSeat::new(Count::default);
    fn count_twice() {
        COUNTS.with(|outer| {
            outer.add();
            COUNTS.with(|inner| {
                assert!(!ptr::eq(outer, inner), "a value is borrowed twice");
                inner.add();
            });
        });
    }
    let _alone = alone();
    let threads = repeat(40, 4);
    for _ in 0..threads / 4 {
        on_threads(4, |_| {
            // Thread-locals are destroyed in the reverse order of their first use: after the seat.
            AT_EXIT.set(Some(AtExit(count_twice)));
            COUNTS.with(Count::add);
        });
    }
    assert_eq!(sum(&COUNTS), 3 * threads);
    assert!(COUNTS.iter().count() <= 4 + 2 * 4);
    // A panic gives the borrowed value back.
    let borrowed = COUNTS.iter().count();
    on_thread(|| {
        AT_EXIT.set(Some(AtExit(|| {
            for _ in 0..20 {
                assert_eq!(panics(|| COUNTS.with(|_| fail("f"))), "f");
            }
        })));
        COUNTS.with(Count::add);
    });
    assert_eq!(COUNTS.iter().count(), borrowed);
}

#[test]
fn per_seat_values_may_have_any_size_and_alignment() {
    #[repr(align(512))]
    struct Aligned(u8);

    let _alone = alone();
    let (nothing, aligned, large) =
        (PerSeat::new(|| ()), PerSeat::new(|| Aligned(1)), PerSeat::new(|| vec![[3_u8; 5000]; 1]));
    on_threads(3, |_| {
        nothing.with(|()| ());
        assert_eq!(aligned.with(|value| (ptr::from_ref(value).addr() % 512, value.0)), (0, 1));
        assert_eq!(large.with(|value| value[0][4999]), 3);
    });
    assert!((1..=3).contains(&nothing.iter().count()));
}

#[test]
fn per_seat_has_the_auto_traits_of_its_values() {
    fn is<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    is::<PerSeat<AtomicUsize>>();
    is::<PerSeat<String>>();
}

#[test]
fn with_seat_gives_threads_different_numbers() {
    let _alone = alone();
    let threads = repeat(40, 4);
    let ready = Barrier::new(threads);
    let mut numbers = on_threads(threads, |_| {
        with_seat(|outer| {
            ready.wait();
            assert_eq!(with_seat(|inner| inner), outer);
            ready.wait();
            outer.expect("a seat")
        })
    });
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), threads, "{numbers:?}");
    assert!(numbers[threads - 1] < threads + 5, "low numbers first: {numbers:?}");
}

#[test]
fn with_seat_passes_a_number_on() {
    let _alone = alone();
    let number = || with_seat(|seat| seat.expect("a seat"));
    assert_eq!(panics(|| with_seat(|_| fail("f"))), "f");
    let first = on_thread(number);
    assert_eq!(on_thread(number), first);
    assert_ne!(number(), first);
    // The seat is given back before this destructor runs.
    on_thread(|| {
        AT_EXIT.set(Some(AtExit(|| assert_eq!(with_seat(|seat| seat), None))));
        assert_eq!(number(), first);
    });
}
