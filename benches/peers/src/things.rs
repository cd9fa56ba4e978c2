//! The pooled objects.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread::LocalKey,
    time::{Duration, Instant},
};

/// A lent object: a thing, or bytes in peers that support only bytes.
pub trait Object {
    /// Returns the address of the object. It does not change while a thread holds the object, and
    /// no other held object has it.
    fn address(&self) -> usize;
}

/// An object that any pool can create and keep.
pub trait Thing: Object + Send + Sync + Sized + 'static {
    fn make() -> Self;

    /// A slot of the thread's own, which is a pool as well.
    fn slot() -> &'static LocalKey<Cell<Option<Self>>>;
}

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Returns how many things this thread has created.
pub fn made() -> u64 {
    MADE.get()
}

fn count() {
    MADE.set(MADE.get() + 1);
}

/// A buffer with room for `ROOM` bytes.
pub type Buffer = Vec<u8>;
pub const ROOM: usize = 4096;

thread_local! {
    static BUFFER: Cell<Option<Buffer>> = const { Cell::new(None) };
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    static CONTEXT: Cell<Option<Context>> = const { Cell::new(None) };
    static TOKEN: Cell<Option<Token>> = const { Cell::new(None) };
}

impl Object for Buffer {
    fn address(&self) -> usize {
        self.as_ptr() as usize
    }
}

impl Thing for Buffer {
    fn make() -> Self {
        count();
        Vec::with_capacity(ROOM)
    }

    fn slot() -> &'static LocalKey<Cell<Option<Self>>> {
        &BUFFER
    }
}

/// Go's benchmarks pool an integer without memory of its own.
impl Object for usize {
    fn address(&self) -> usize {
        self as *const usize as usize
    }
}

impl Thing for usize {
    fn make() -> Self {
        count();
        1
    }

    fn slot() -> &'static LocalKey<Cell<Option<Self>>> {
        &NUMBER
    }
}

/// An object that takes long to create.
pub struct Context(Box<[u64; 32]>);

const LONG: Duration = Duration::from_micros(10);

impl Object for Context {
    fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl Thing for Context {
    fn make() -> Self {
        count();
        let start = Instant::now();
        while start.elapsed() < LONG {}
        Self(Box::new([0; 32]))
    }

    fn slot() -> &'static LocalKey<Cell<Option<Self>>> {
        &CONTEXT
    }
}

/// A thing whose instances are counted, for the checks.
pub struct Token(Box<u64>);

/// The number of tokens created, and of those dropped.
pub static BORN: AtomicU64 = AtomicU64::new(0);
pub static DEAD: AtomicU64 = AtomicU64::new(0);

impl Object for Token {
    fn address(&self) -> usize {
        &raw const *self.0 as usize
    }
}

impl Thing for Token {
    fn make() -> Self {
        count();
        Self(Box::new(BORN.fetch_add(1, Relaxed)))
    }

    fn slot() -> &'static LocalKey<Cell<Option<Self>>> {
        &TOKEN
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        DEAD.fetch_add(1, Relaxed);
    }
}
