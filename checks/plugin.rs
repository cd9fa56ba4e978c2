//! A library with C functions around a pool of its own, for `tests/process`. A process that loads
//! it contains several copies of this crate.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use corepool::{Pool, Pooled};

static ALIVE: AtomicUsize = AtomicUsize::new(0);

static OBJECTS: Pool<Object> = Pool::new(Object::new);

/// An object with memory of its own. Objects are counted.
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

/// Gives back an object that `plugin_get` returned.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_give_back(guard: Box<Pooled<'static, Object>>) {
    drop(guard);
}

/// Puts `objects` new objects.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_put(objects: usize) {
    (0..objects).for_each(|_| OBJECTS.put(Object::new()));
}

/// Takes and drops up to `objects` objects. Returns their number.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_take(objects: usize) -> usize {
    (0..objects).map_while(|_| OBJECTS.try_take()).count()
}

/// Collects.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_collect() {
    corepool::collect();
}

/// Returns the number of idle objects.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_idle() -> usize {
    OBJECTS.stats().idle as usize
}

/// Returns the number of objects that are alive.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_alive() -> usize {
    ALIVE.load(Relaxed)
}
