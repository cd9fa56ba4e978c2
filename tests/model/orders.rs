//! What a pool orders: a put happens before the get that finds the object, and nothing else.

use std::sync::Arc;

use corepool::Pool;
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

/// A number that threads share without synchronisation.
#[derive(Clone)]
struct Shared(Arc<Place>);

struct Place(UnsafeCell<u32>);

// SAFETY: what the model checks.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Shared {
    fn new() -> Self {
        Self(Arc::new(Place(UnsafeCell::new(0))))
    }

    fn write(&self, value: u32) {
        // SAFETY: what the model checks.
        self.0.0.with_mut(|place| unsafe { *place = value });
    }

    fn read(&self) -> u32 {
        // SAFETY: what the model checks.
        self.0.0.with(|place| unsafe { *place })
    }
}

/// Runs a model in which one thread writes a number, and then gives it to `put`. Another calls `get`,
/// and reads the number that it returns.
fn hand_over(
    put: impl Fn(&Pool<Shared>, Shared) + Copy + Send + Sync + 'static,
    get: impl Fn(&Pool<Shared>) -> Option<Shared> + Copy + Send + Sync + 'static,
) {
    loom::model(move || {
        let pool = Arc::new(<Pool<Shared>>::new(Shared::new));
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let shared = Shared::new();
                shared.write(7);
                put(&pool, shared);
            })
        };
        let found = get(&pool).map_or(7, |shared| shared.read());
        assert!(found == 7 || found == 0);
        other.join().unwrap();
    });
}

#[test]
fn a_put_happens_before_the_get_that_finds_the_object() {
    hand_over(|pool, shared| pool.put(shared), |pool| Some(pool.take()));
    hand_over(|pool, shared| pool.put(shared), |pool| pool.try_take());
    hand_over(|pool, shared| pool.put(shared), |pool| Some(pool.get().clone()));
    hand_over(|pool, shared| pool.put(shared), |pool| Some(pool.get_owned().clone()));
    hand_over(|pool, shared| pool.put(shared), |pool| pool.drain().next());
    hand_over(|pool, shared| drop(pool.attach(shared)), |pool| Some(pool.take()));
}

/// Only the thread that takes what another put may use what came with it.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_handle_that_stays_behind_is_a_race() {
    let behind = |pool: &Pool<Shared>, shared: Shared| {
        pool.put(shared.clone());
        shared.write(7);
    };
    hand_over(behind, |pool| Some(pool.take()));
}

/// Runs a model in which a thread writes, puts an object and says so without an order. Another thread,
/// which has seen that, calls `call`, and reads.
fn without_the_object(call: impl Fn(&Pool<u32>) + Copy + Send + Sync + 'static) {
    loom::model(move || {
        let pool = Arc::new(<Pool<u32>>::new(|| 0));
        pool.put(1);
        let (shared, said) = (Shared::new(), Arc::new(AtomicBool::new(false)));
        let other = {
            let (pool, shared, said) = (Arc::clone(&pool), shared.clone(), Arc::clone(&said));
            thread::spawn(move || {
                shared.write(7);
                pool.put(2);
                said.store(true, Relaxed);
            })
        };
        if said.load(Relaxed) {
            call(&pool);
            shared.read();
        }
        other.join().unwrap();
    });
}

#[test]
fn a_get_that_finds_the_object_orders() {
    without_the_object(|pool| assert_eq!(pool.take(), 2));
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_get_that_finds_another_object_orders_nothing() {
    without_the_object(|pool| assert_eq!(pool.drain().next(), Some(1)));
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_put_orders_nothing_for_the_thread_that_puts() {
    without_the_object(|pool| pool.put(3));
}

#[test]
#[should_panic(expected = "Causality violation")]
fn statistics_order_nothing() {
    without_the_object(|pool| assert_eq!(pool.stats().idle, 2));
}

/// The first use of a pool is no synchronisation either.
#[test]
#[should_panic(expected = "Causality violation")]
fn the_first_use_orders_nothing() {
    loom::model(|| {
        let pool: Arc<Pool<u32>> = Arc::new(Pool::new(|| 0));
        let (shared, said) = (Shared::new(), Arc::new(AtomicBool::new(false)));
        let other = {
            let (pool, shared, said) = (Arc::clone(&pool), shared.clone(), Arc::clone(&said));
            thread::spawn(move || {
                shared.write(7);
                drop(pool.get());
                said.store(true, Relaxed);
            })
        };
        if said.load(Relaxed) {
            pool.stats();
            shared.read();
        }
        other.join().unwrap();
    });
}
