//! Guards: where they may be dropped, and what happens to their objects.

use std::cell::Cell;
use std::hint::black_box;
use std::mem::{self, size_of};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use std::thread;

use corepool::{OwnedPooled, Pool, Pooled, collect};

use crate::util::{Peer, alone, drain, fail, live, on_thread, panics};

type Tokens = Pool<Arc<()>>;

fn tokens(token: &Arc<()>) -> Arc<Tokens> {
    let pool: Tokens = Pool::new(|| unreachable!());
    (0..3).for_each(|_| pool.put(token.clone()));
    Arc::new(pool)
}

#[test]
fn a_guard_gives_its_object_back() {
    let _alone = alone();
    let pool: Arc<Pool<Vec<u8>>> = Arc::new(Pool::new(Vec::new));
    pool.get().extend(*b"ab");
    pool.try_get().unwrap().push(b'c');
    pool.get_owned().push(b'd');
    assert_eq!(pool.take(), b"abcd");
    assert_eq!(pool.stats().created, 1);
}

#[test]
fn guards_deref_and_print_as_their_object() {
    let _alone = alone();
    let pool: Arc<Pool<String>> = Arc::new(Pool::new(|| "text".into()));
    let (mut guard, mut owned) = (pool.get(), pool.get_owned());
    guard.push('1');
    owned.push('2');
    let borrowed: [&str; 2] = [&guard, &owned];
    assert_eq!(borrowed, ["text1", "text2"]);
    assert!(format!("{guard:?}").contains("\"text1\""));
    assert!(format!("{owned:?}").contains("\"text2\""));
}

#[test]
fn guards_are_two_words_large() {
    let most = 2 * size_of::<usize>();
    assert!(size_of::<Pooled<'static, [u8; 100]>>() <= most);
    assert!(size_of::<OwnedPooled<[u8; 100]>>() <= most);
    assert!(size_of::<Pooled<'static, ()>>() <= most);
    assert!(size_of::<OwnedPooled<()>>() <= most);
}

#[test]
fn a_forgotten_guard_leaks_one_object() {
    let _alone = alone();
    // Keeps leak detectors quiet.
    static LEAKED: AtomicPtr<Arc<()>> = AtomicPtr::new(ptr::null_mut());
    let token = Arc::new(());
    let pool = tokens(&token);
    let mut guard = pool.get();
    black_box(&LEAKED).store(&raw mut *guard, Relaxed);
    mem::forget(guard);
    assert_eq!(pool.stats().idle, 2);
    assert_eq!(drain(&pool).len(), 2);
    pool.put(token.clone());
    (0..2).for_each(|_| collect());
    assert_eq!(live(&token), 1);
    drop(pool);
    assert_eq!(live(&token), 1);
}

#[test]
fn detach_hands_the_object_out() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = tokens(&token);
    let one = Pooled::detach(pool.get());
    let two = OwnedPooled::detach(pool.get_owned());
    assert_eq!((pool.stats().idle, pool.stats().dropped), (1, 0));
    assert_eq!(Arc::strong_count(&pool), 1);
    drop(pool);
    assert_eq!(live(&token), 2);
    drop((one, two));
    assert_eq!(live(&token), 0);
}

#[test]
fn discard_drops_the_object() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = tokens(&token);
    Pooled::discard(pool.get());
    assert_eq!((live(&token), pool.stats().dropped), (2, 1));
    OwnedPooled::discard(pool.get_owned());
    assert_eq!((live(&token), pool.stats().dropped), (1, 2));
    assert_eq!(Arc::strong_count(&pool), 1);
}

/// `detach` and `discard` do not return the object to the pool, so they do not call the recycle
/// hook.
#[test]
fn only_objects_that_come_back_are_recycled() {
    let _alone = alone();
    static RECYCLED: AtomicU32 = AtomicU32::new(0);
    let count = |_: &mut u32| RECYCLED.fetch_add(1, Relaxed) < 3;
    let pool = <Pool<u32>>::new(|| 0).with_recycle(count);
    Pooled::discard(pool.get());
    assert_eq!(Pooled::detach(pool.get()), 0);
    pool.reserve(1);
    assert_eq!(RECYCLED.load(Relaxed), 0);
    drop(pool.get());
    pool.put(1);
    assert_eq!((RECYCLED.load(Relaxed), pool.stats().idle), (2, 2));
    drop(drain(&pool));
    pool.put(1);
    pool.put(2);
    assert_eq!(drain(&pool), [1], "the last was refused");
    drop(pool.get());
    assert_eq!((RECYCLED.load(Relaxed), pool.stats().idle), (5, 0), "so is a guard's");
}

#[test]
fn a_held_object_outlives_clear_and_collect() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 0);
    let mut guard = pool.get();
    pool.clear();
    (0..3).for_each(|_| collect());
    *guard += 1;
    drop(guard);
    assert_eq!(pool.try_take(), Some(1));
}

/// The object stays with the thread that dropped the guard, until another one needs it.
#[test]
fn a_guard_may_be_dropped_on_another_thread() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| 7);
    thread::scope(|s| {
        let peer = Peer::new(s);
        // The first is created, the second comes from the thread's own shard.
        for _ in 0..2 {
            let guard = pool.get();
            peer.run(move || drop(guard));
            assert_eq!(peer.run(|| pool.try_take()), Some(7));
            assert_eq!(pool.stats().steals, 0);
            drop(pool.get());
        }
        let guard = pool.get();
        peer.run(move || drop(guard));
        assert_eq!((pool.try_take(), pool.stats().steals), (Some(7), 1));
    });
}

#[test]
fn guards_travel_between_threads() {
    let _alone = alone();
    let pool: Pool<Vec<usize>> = Pool::new(Vec::new);
    let mut guard = pool.get();
    for i in 0..10 {
        guard = on_thread(move || {
            guard.push(i);
            guard
        });
    }
    thread::scope(|s| {
        let shared = &guard;
        let sums = [(); 2].map(|()| s.spawn(move || shared.iter().sum::<usize>()));
        assert_eq!(sums.map(|sum| sum.join().unwrap()), [45, 45]);
    });
    drop(guard);
    assert_eq!(pool.take(), Vec::from_iter(0..10));
}

/// An object in an unknown state is not handed to the next holder.
#[test]
fn a_panic_drops_held_objects() {
    let _alone = alone();
    static RECYCLED: AtomicU32 = AtomicU32::new(0);
    let count = |_: &mut Arc<()>| RECYCLED.fetch_add(1, Relaxed) < u32::MAX;
    let token = Arc::new(());
    let pool = Arc::new(<Tokens>::new(Arc::default).with_recycle(count));
    (0..3).for_each(|_| pool.put(token.clone()));
    let text = panics(|| {
        let _held = (pool.get(), pool.get_owned());
        fail("meanwhile")
    });
    assert_eq!(text, "meanwhile");
    assert_eq!(live(&token), 1);
    assert_eq!(RECYCLED.load(Relaxed), 3, "by the puts");
    assert_eq!(Arc::strong_count(&pool), 1);
    assert_eq!(pool.stats().idle, 1);
}

/// The same holds for a pool without a recycle hook, on its hit path.
#[test]
fn a_panic_drops_held_objects_of_a_pool_without_hooks() {
    let _alone = alone();
    let pool = <Pool<u32>>::new(|| 0);
    for at_hand in [false, true] {
        assert_eq!(pool.stats().idle, u64::from(at_hand));
        let text = panics(|| {
            let _held = pool.get();
            fail("meanwhile")
        });
        assert_eq!((text, pool.stats().idle), ("meanwhile", 0));
        drop(pool.get());
    }
}

/// A destructor that runs during a panic may use pools.
#[test]
fn a_pool_works_while_its_thread_panics() {
    struct Uses<'p>(&'p Pool<u32>, &'p Cell<u32>);
    impl Drop for Uses<'_> {
        fn drop(&mut self) {
            self.1.set(*self.0.get() + self.0.take());
        }
    }
    let _alone = alone();
    let (pool, sum): (Pool<u32>, _) = (Pool::new(|| 10), Cell::new(0));
    pool.put(1);
    let text = panics(|| {
        let _uses = Uses(&pool, &sum);
        fail("meanwhile")
    });
    assert_eq!((text, sum.get()), ("meanwhile", 11));
    assert_eq!(pool.stats().idle, 0, "1 was dropped, 10 taken");
    drop(pool.get());
    assert_eq!(pool.stats().idle, 1);
}
