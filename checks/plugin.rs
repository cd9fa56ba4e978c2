//! A library with C functions around a pool of its own, for `tests/process`: a process that loads
//! it holds this crate twice, or more often.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use corepool::{Pool, Pooled};

static ALIVE: AtomicUsize = AtomicUsize::new(0);

static OBJECTS: Pool<Object> = Pool::new(Object::new);

/// Memory of its own, and counted.
#[derive(Debug)]
pub struct Object {
    _memory: Box<[u8; 100]>,
}

impl Object {
    fn new() -> Self {
        ALIVE.fetch_add(1, Relaxed);
        Self { _memory: Box::new([0; 100]) }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// Gets an object.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_get() -> Box<Pooled<'static, Object>> {
    Box::new(OBJECTS.get())
}

/// Gives an object back that came from `plugin_get`.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_give_back(guard: Box<Pooled<'static, Object>>) {
    drop(guard);
}

/// Puts so many new objects.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_put(objects: usize) {
    (0..objects).for_each(|_| OBJECTS.put(Object::new()));
}

/// Takes at most so many objects, drops them, and tells how many there were.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_take(objects: usize) -> usize {
    (0..objects).map_while(|_| OBJECTS.try_take()).count()
}

/// Ages what is idle.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_collect() {
    corepool::collect();
}

/// How many objects are idle.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_idle() -> usize {
    OBJECTS.stats().idle as usize
}

/// How many objects there are.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_alive() -> usize {
    ALIVE.load(Relaxed)
}
