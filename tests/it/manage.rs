//! `Manage`: managers with state, and when they end.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use corepool::{Manage, OwnedPooled, Pool, Pooled};

use crate::util::{alone, fail, join, live, on_thread, on_threads, panics};

/// Makes numbered objects, and refuses those that are 0 when they come back.
struct Numbers {
    made: AtomicUsize,
    recycled: AtomicUsize,
    _token: Arc<()>,
}

impl Manage<usize> for Numbers {
    fn create(&self) -> usize {
        self.made.fetch_add(1, Relaxed) + 1
    }

    fn recycle(&self, number: &mut usize) -> bool {
        self.recycled.fetch_add(1, Relaxed);
        *number > 0
    }
}

fn numbers(token: &Arc<()>) -> Numbers {
    Numbers { made: AtomicUsize::new(0), recycled: AtomicUsize::new(0), _token: token.clone() }
}

struct Holder {
    pool: Pool<usize, Numbers>,
}

/// A pool may be moved before its first use and after it, with its manager.
#[test]
fn a_manager_creates_and_recycles() {
    let _alone = alone();
    let token = Arc::new(());
    let mut holder = Holder { pool: Pool::new(numbers(&token)) };
    assert_eq!(*holder.pool.get(), 1);
    holder = Box::new(Box::new(holder)).map_inner();
    assert_eq!(*holder.pool.get(), 1);
    // `try_get` waits for a thread that collects, where `get` would create an object.
    assert_eq!(on_thread(|| holder.pool.try_get().as_deref().copied()), Some(1));
    let held: [Pooled<'_, usize>; 2] = [holder.pool.get(), holder.pool.get()];
    assert_eq!((*held[0], *held[1]), (1, 2));
    drop(held);
    // A value is recycled as well.
    holder.pool.put(0);
    *holder.pool.get() = 0;
    *holder.pool.get_owned() = 0;
    let stats = holder.pool.stats();
    assert_eq!((stats.created, stats.dropped, stats.idle), (2, 3, 0));
    assert_eq!(*holder.pool.get(), 3);
    assert_eq!(live(&token), 1);
    drop(holder);
    assert_eq!(live(&token), 0);
}

trait MapInner<T> {
    fn map_inner(self) -> T;
}

impl<T> MapInner<T> for Box<Box<T>> {
    fn map_inner(self) -> T {
        **self
    }
}

/// The manager's `recycle` comes first, and the hook sees what it has left.
#[test]
fn the_hook_comes_after_the_manager() {
    struct Adds;
    impl Manage<Vec<u8>> for Adds {
        fn create(&self) -> Vec<u8> {
            Vec::new()
        }
        fn recycle(&self, vec: &mut Vec<u8>) -> bool {
            vec.push(1);
            vec.len() < 4
        }
    }
    let _alone = alone();
    let pool = Pool::new(Adds).with_recycle(|vec| {
        vec.push(2);
        true
    });
    drop(pool.get());
    let object = pool.get();
    assert_eq!(*object, [1, 2]);
    drop(object);
    assert_eq!(*pool.get(), [1, 2, 1, 2]);
    assert_eq!(pool.stats().dropped, 1, "longer by now");
}

/// A manager that recycles nothing is never asked to.
#[test]
fn a_manager_may_leave_recycling_out() {
    struct Silent;
    impl Manage<u8> for Silent {
        const RECYCLES: bool = false;
        fn create(&self) -> u8 {
            7
        }
        fn recycle(&self, _: &mut u8) -> bool {
            unreachable!()
        }
    }
    let _alone = alone();
    let pool = Pool::new(Silent);
    drop((pool.get(), pool.get_owned()));
    pool.put(1);
    assert_eq!((pool.stats().idle, pool.stats().dropped), (3, 0));
}

/// The manager of an unused pool is dropped with it, and that of a used one, once.
#[test]
fn a_manager_is_dropped_with_its_pool() {
    let _alone = alone();
    let token = Arc::new(());
    drop(Pool::new(numbers(&token)));
    assert_eq!(live(&token), 0);
    let pool = Pool::new(numbers(&token)).with_max_idle(3);
    drop(pool.get());
    assert_eq!(live(&token), 1);
    drop(pool);
    assert_eq!(live(&token), 0);
    // The last owned guard drops it, if one is left.
    let pool = Pool::new(numbers(&token));
    let guards = [pool.get_owned(), pool.get_owned()];
    drop(pool);
    assert_eq!(live(&token), 1);
    let [one, other] = guards;
    drop(one);
    assert_eq!(live(&token), 1);
    on_thread(|| drop(other));
    assert_eq!(live(&token), 0);
}

/// The first use by several threads at once moves the manager once.
#[test]
fn a_first_use_by_many_moves_the_manager_once() {
    let _alone = alone();
    let token = Arc::new(());
    for _ in 0..20 {
        let (pool, ready) = (Pool::new(numbers(&token)), Barrier::new(4));
        on_threads(4, |_| {
            ready.wait();
            drop(pool.get());
        });
        assert_eq!(live(&token), 1);
        drop(pool);
        assert_eq!(live(&token), 0);
    }
}

/// A pool may be dropped by its own manager, for an owned guard.
#[test]
fn a_pool_may_end_in_a_call_of_its_manager() {
    type Slot = Arc<Mutex<Option<Pool<u8, Ends>>>>;
    struct Ends(Slot, Arc<()>);
    impl Manage<u8> for Ends {
        fn create(&self) -> u8 {
            0
        }
        fn recycle(&self, _: &mut u8) -> bool {
            let pool = self.0.lock().unwrap().take();
            drop(pool);
            live(&self.1) == 1
        }
    }
    let _alone = alone();
    let (slot, token) = (Slot::default(), Arc::new(()));
    let pool = Pool::new(Ends(slot.clone(), token.clone()));
    let guard: OwnedPooled<u8> = pool.get_owned();
    *slot.lock().unwrap() = Some(pool);
    drop(guard);
    assert!(slot.lock().unwrap().is_none());
    assert_eq!(live(&token), 0);
}

/// A panic in `recycle` drops the object, and leaves the manager and the pool as they were.
#[test]
fn a_panic_in_a_manager_affects_nothing_else() {
    struct Fails;
    impl Manage<Arc<()>> for Fails {
        fn create(&self) -> Arc<()> {
            Arc::default()
        }
        fn recycle(&self, token: &mut Arc<()>) -> bool {
            if live(token) > 0 {
                resume_unwind(Box::new("shared"));
            }
            true
        }
    }
    let _alone = alone();
    let (pool, token) = (Pool::new(Fails), Arc::new(()));
    assert_eq!(panics(|| pool.put(token.clone())), "shared");
    assert_eq!(panics(|| *pool.get() = token.clone()), "shared");
    assert_eq!(panics(|| *pool.get_owned() = token.clone()), "shared");
    assert_eq!((live(&token), pool.stats().dropped), (0, 3));
    drop(pool.get());
    assert_eq!(pool.stats().idle, 1);
}

/// The types of common pools are inferred.
#[test]
fn types_are_inferred() {
    static PLAIN: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(16));
    static HOOKED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(Vec::new).with_recycle(|vec| {
        vec.clear();
        true
    });
    let _alone = alone();
    drop((PLAIN.get(), HOOKED.get()));
    let pool = Pool::new(Vec::<u8>::new).with_recycle(|vec| {
        vec.clear();
        true
    });
    pool.get().push(1);
    assert!(pool.get().is_empty());
    let pools: Vec<_> = (0..3).map(|i| Pool::new(move || i)).collect();
    assert!(pools.iter().map(|pool| *pool.get()).eq(0..3));
    fn sum<M: Manage<usize>>(pools: &[Pool<usize, M>]) -> usize {
        pools.iter().map(|pool| *pool.get()).sum()
    }
    assert_eq!(sum(&pools), 3);
}

/// `get_or` and `get_or_try` create with the closure alone, and an error changes nothing.
#[test]
fn a_call_may_bring_its_own_creation() {
    let _alone = alone();
    let pool: Pool<u32> = Pool::new(|| unreachable!());
    assert_eq!(pool.get_or_try(|| Err::<u32, _>("refused")).err(), Some("refused"));
    let stats = pool.stats();
    assert_eq!((stats.misses, stats.created, stats.idle, stats.outstanding), (1, 0, 0, 0));
    assert_eq!(panics(|| _ = pool.get_or(|| fail("in the closure"))), "in the closure");
    let (one, two) = (pool.get_or(|| 1), pool.get_or_try(|| Ok::<_, ()>(2)).unwrap());
    assert_eq!((*one, *two, pool.stats().created, pool.stats().outstanding), (1, 2, 2, 2));
    drop((one, two));
    assert!(pool.get_or_try(|| Err(())).is_ok());
    assert!([1, 2].contains(&*pool.get_or(|| unreachable!())));
    assert_eq!((pool.stats().idle, pool.stats().outstanding), (2, 0));
}

/// An object from elsewhere is an object like any other: bounds and hooks hold when it comes back.
#[test]
fn an_attached_object_comes_back() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = <Pool<Arc<()>>>::new(|| unreachable!()).with_max_idle(1);
    let guards = [pool.attach(token.clone()), pool.attach(token.clone())];
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.created, stats.misses, stats.idle), (2, 0, 0, 0));
    drop(guards);
    let stats = pool.stats();
    assert_eq!((stats.outstanding, stats.idle, stats.dropped), (0, 1, 1));
    assert_eq!(live(&token), 1);
    drop(Pooled::detach(pool.get()));
    assert_eq!((live(&token), pool.stats().outstanding), (0, 0));
    let refusing = <Pool<Arc<()>>>::new(|| unreachable!()).with_recycle(|_| false);
    drop(refusing.attach(token.clone()));
    assert_eq!((live(&token), refusing.stats().dropped), (0, 1));
}

/// `drain` finds objects of every thread and of both generations.
#[test]
fn drain_takes_everything() {
    let _alone = alone();
    let pool = Pool::new(|| 0);
    let (there, end) = (Barrier::new(4), Barrier::new(4));
    thread::scope(|s| {
        let fill = |i| {
            let (pool, there, end) = (&pool, &there, &end);
            s.spawn(move || {
                (0..10).for_each(|j| pool.put(10 * i + j));
                if i == 0 {
                    pool.trim();
                }
                there.wait();
                end.wait();
            })
        };
        let threads: Vec<_> = (0..3).map(fill).collect();
        there.wait();
        let mut all: Vec<_> = pool.drain().collect();
        end.wait();
        threads.into_iter().for_each(join);
        all.sort();
        assert!(all.into_iter().eq(0..30));
    });
    assert_eq!((pool.stats().idle, pool.stats().dropped), (0, 0));
    assert_eq!(pool.drain().next(), None);
}

/// What is out of the pool is counted, whichever way it goes.
#[test]
fn outstanding_objects_are_counted() {
    let _alone = alone();
    let pool = Pool::new(|| 0);
    let outstanding = || pool.stats().outstanding;
    pool.reserve(2);
    assert_eq!(outstanding(), 0);
    let (a, b, c) = (pool.get(), pool.get_owned(), pool.get());
    assert_eq!(outstanding(), 3);
    let value = pool.take();
    assert_eq!(outstanding(), 4);
    pool.put(value);
    on_thread(|| drop(b));
    assert_eq!(outstanding(), 2);
    _ = Pooled::detach(a);
    assert_eq!(outstanding(), 1);
    Pooled::discard(c);
    assert_eq!(outstanding(), 0);
    _ = OwnedPooled::detach(pool.get_owned());
    let raw = Pooled::into_raw(pool.get());
    assert_eq!(outstanding(), 1);
    // SAFETY: it came from `into_raw` of this pool.
    drop(unsafe { pool.from_raw(raw) });
    assert_eq!(outstanding(), 0);
    assert_eq!(pool.drain().count(), pool.stats().created as usize - 3);
    assert_eq!((outstanding(), pool.stats().idle), (0, 0));
}

#[test]
fn a_pool_may_have_a_name() {
    static NAMED: Pool<u8> = <Pool<u8>>::new(|| 0).with_name("bytes").with_max_idle(4);
    assert_eq!((NAMED.name(), <Pool<u8>>::new(|| 0).name()), ("bytes", ""));
    assert!(format!("{NAMED:?}").contains("bytes"));
}

/// A manager, and the closures of single calls, may use the pool that calls them.
#[test]
fn a_manager_may_use_its_pool() {
    struct Reenters;
    static POOL: Pool<Vec<u8>, Reenters> = Pool::new(Reenters);
    impl Manage<Vec<u8>> for Reenters {
        fn create(&self) -> Vec<u8> {
            drop((POOL.try_get(), POOL.stats()));
            vec![1]
        }
        fn recycle(&self, vec: &mut Vec<u8>) -> bool {
            // The object that is put here is recycled as well.
            if vec.pop() == Some(1) {
                POOL.put(vec![2]);
                POOL.trim();
            }
            true
        }
    }
    let _alone = alone();
    drop(POOL.get());
    assert_eq!(POOL.stats().idle, 2);
    drop(POOL.get_owned());
    POOL.clear();
    let nested = POOL.get_or(|| POOL.get_or(|| vec![7]).clone());
    assert_eq!(*nested, [7]);
    assert!(POOL.get_or_try(|| Err(POOL.stats().outstanding)).is_ok_and(|vec| vec.is_empty()));
    drop(nested);
    POOL.clear();
    let stats = POOL.stats();
    assert_eq!((stats.idle, stats.outstanding), (0, 0));
}
