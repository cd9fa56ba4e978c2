//! Objects of a pool that all tasks use.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use corepool::{Pool, Pooled, rt};

use crate::order::Order;

/// An object that detects two holders.
#[derive(Debug, Default)]
struct Object {
    held: AtomicBool,
}

static POOL: Pool<Object> = Pool::new(Object::default);

/// An object in use. It is dropped too if its task is dropped.
struct Held(Pooled<'static, Object>);

impl Held {
    fn get() -> Self {
        let object = POOL.get();
        assert!(!object.held.swap(true, SeqCst), "an object has two holders");
        Self(object)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        assert!(self.0.held.swap(false, SeqCst), "another task holds the object");
    }
}

/// Gets an object, and holds it while others run.
pub async fn hold(order: &mut Order) {
    let object = Held::get();
    for _ in 0..order.dice.below(3) {
        rt::yield_now().await;
    }
    drop(object);
    if order.dice.one_in(50) {
        rt::blocking(corepool::collect);
    }
}
