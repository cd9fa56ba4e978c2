//! Every way to make a pool, and every place where it may be stored.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread;

use corepool::{OwnedPooled, Pool, Pooled, collect};

use crate::util::{PRIVATE, alone, on_thread, on_threads, repeat};

static PLAIN: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));

static CHAINED: Pool<Vec<u8>> = <Pool<Vec<u8>>>::new(|| Vec::with_capacity(64))
    .with_recycle(|buffer| {
        buffer.clear();
        buffer.capacity() <= 1024
    })
    .with_max_idle(2);

/// A pool inside another type, built at compile time.
struct Service {
    buffers: Pool<String>,
    rounds: AtomicU32,
}

impl Service {
    const fn new() -> Self {
        Self { buffers: Pool::new(String::new), rounds: AtomicU32::new(0) }
    }
}

static SERVICE: Service = Service::new();

#[test]
fn a_static_pool_is_declared_in_one_line() {
    let _alone = alone();
    let mut guard: Pooled<'static, Vec<u8>> = PLAIN.get();
    assert_eq!(guard.capacity(), 4096);
    guard.push(1);
    drop(guard);
    assert_eq!(PLAIN.take(), [1]);
}

#[test]
fn a_static_pool_may_be_configured() {
    let _alone = alone();
    CHAINED.get().extend([1; 64]);
    assert_eq!(CHAINED.get().len(), 0, "cleared");
    CHAINED.put(Vec::with_capacity(2048));
    assert_eq!(CHAINED.stats().idle, 1, "too large");
    (0..3).for_each(|_| CHAINED.put(Vec::new()));
    assert_eq!(CHAINED.stats().idle, 2, "bounded");
}

#[test]
fn a_pool_may_be_a_field_of_a_static() {
    let _alone = alone();
    on_threads(4, |_| {
        for _ in 0..100 {
            SERVICE.buffers.get().push('x');
            SERVICE.rounds.fetch_add(1, Relaxed);
        }
    });
    let mut length = 0;
    while let Some(buffer) = SERVICE.buffers.try_take() {
        length += buffer.len() as u32;
    }
    assert_eq!(length, SERVICE.rounds.load(Relaxed));
}

#[test]
fn a_lazy_static_may_hold_a_closure() {
    static POOL: LazyLock<Pool<String, Box<dyn Fn() -> String + Send + Sync>>> =
        LazyLock::new(|| {
            let name = String::from("lazy");
            Pool::new(Box::new(move || name.clone()))
        });
    let _alone = alone();
    assert_eq!(on_thread(|| POOL.take()), "lazy");
    POOL.put("used".into());
    assert_eq!(*POOL.get(), "used");
}

#[test]
fn create_may_capture_its_environment() {
    let _alone = alone();
    let made = AtomicU32::new(0);
    let counter = &made;
    let prefix = String::from("object ");
    let pool = Pool::new(|| format!("{prefix}{}", counter.fetch_add(1, Relaxed)));
    let (first, second) = (pool.get(), pool.get());
    assert_eq!((&**first, &**second), ("object 0", "object 1"));
    drop((first, second));
    drop(pool);
    assert_eq!(made.load(Relaxed), 2);
}

#[test]
fn a_pool_with_a_capturing_create_may_be_configured() {
    let _alone = alone();
    let size = 10;
    let pool = Pool::new(move || vec![0_u8; size])
        .with_max_idle(1)
        .with_recycle(|buffer: &mut Vec<u8>| buffer.len() == 10);
    drop((pool.get(), pool.get()));
    assert_eq!(pool.stats().idle, 1);
    pool.get().push(1);
    assert_eq!(pool.stats().idle, 0);
}

/// A pool does not depend on its address, before or after its first use.
#[test]
fn a_pool_may_be_moved() {
    let _alone = alone();
    let unused: Pool<u32> = Pool::new(|| 0);
    let mut place = vec![unused];
    place[0].put(1);
    (0..100).for_each(|i| place[0].put(i));
    collect();
    let moved = place.pop().unwrap();
    let shared = Arc::new(Box::new(moved));
    assert_eq!(shared.try_take(), Some(1));
    let moved = thread::spawn(move || *Arc::into_inner(shared).unwrap());
    let moved = moved.join().unwrap();
    assert_eq!(moved.stats().idle, 100);
    (0..2).for_each(|_| collect());
    assert_eq!(moved.stats().idle, 0);
}

/// A pool at the address of an earlier one has none of its objects.
#[test]
fn pools_at_one_address_share_no_object() {
    let _alone = alone();
    let mut place: Option<Pool<u32>> = None;
    for i in 0..repeat(1_000, 30) as u32 {
        let pool = place.insert(Pool::new(|| 0));
        assert!(pool.try_take().is_none());
        pool.put(i);
        pool.put(i);
        assert_eq!((pool.take(), pool.stats().idle), (i, 1));
    }
}

#[test]
fn pools_of_one_type_share_no_object() {
    let _alone = alone();
    let pools = Vec::from_iter((0..repeat(100, 10)).map(|_| <Pool<usize>>::new(|| 0)));
    for (i, pool) in pools.iter().enumerate() {
        (0..PRIVATE + 1).for_each(|_| pool.put(i));
    }
    for (i, pool) in pools.iter().enumerate() {
        on_thread(|| assert_eq!(pool.take(), i));
        (1..PRIVATE + 1).for_each(|_| assert_eq!(pool.try_take(), Some(i)));
        assert_eq!(pool.try_take(), None);
    }
}

#[test]
fn an_owned_guard_may_be_static() {
    static HELD: OnceLock<OwnedPooled<String>> = OnceLock::new();
    let _alone = alone();
    let pool: Arc<Pool<String>> = Arc::new(Pool::new(|| "held".into()));
    HELD.set(pool.get_owned()).unwrap();
    drop(pool);
    assert_eq!(**HELD.get().unwrap(), "held");
}
