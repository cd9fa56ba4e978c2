//! Pooled byte buffers: feature `bytes`.
//!
//! ```
//! use corepool::buffer::BufferPool;
//! use std::io::Write;
//!
//! static BUFFERS: BufferPool = BufferPool::new();
//!
//! let mut body = BUFFERS.get();           // empty, with the capacity that earlier messages needed
//! write!(body, "hello")?;
//! let body: bytes::Bytes = body.freeze(); // the buffer goes back when the last clone is dropped
//! assert_eq!(body, "hello");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Why not a `Pool<Vec<u8>>`
//!
//! A [`BufferPool`] does what a user of a `Pool<Vec<u8>>` has to do by hand:
//!
//! * It keeps buffers by size, in classes: powers of two from 1 KiB to 1 MiB. A request is rounded
//!   up to a class. A returned buffer is rounded down by its *capacity*, so a buffer that has grown
//!   serves larger requests.
//! * It bounds the idle buffers of each class in bytes ([`with_max_idle_bytes`]), and those of all
//!   classes in number ([`with_max_idle`]).
//! * One large message does not make all buffers large. Buffers that come back above
//!   [`with_max_capacity`] are dropped, and [`get`] unlearns a capacity that is not used.
//! * Every buffer comes with length 0, so safe code cannot read what an earlier holder wrote.
//! * [`freeze`] turns a buffer into [`bytes::Bytes`], without copying unless that is cheaper. The
//!   buffer goes back from any thread that drops the last clone.
//!
//! # How `get` learns
//!
//! Each thread learns separately, by the rule of Go's `encoding/json/jsontext`:
//!
//! * If a buffer was filled beyond the capacity that `get` hands out, that capacity is raised at
//!   once.
//! * If less than a quarter of a buffer was used, that is a *strike*. Buffers of up to 4 KiB never
//!   cause one. After the fifth strike in a row the buffer is dropped, and `get` hands out the
//!   capacity that the largest of those five uses needed.
//!
//! So in the long run at least one byte in twenty is used, even if sizes keep changing.
//!
//! [`with_initial_capacity`] is what a thread begins with. A raised capacity is at first unconfirmed: until a second message has needed it too, `get`
//! creates at most 1 MiB of new buffers of that capacity. Beyond that it hands out small ones,
//! which grow.
//!
//! How much was used is the buffer's length when it is dropped, or follows from its capacity if it
//! had to grow. Clearing a buffer before dropping it hides that from the pool.
//!
//! # Pools that are no statics
//!
//! A buffer of [`get`] borrows its pool. If the pool is in a struct or an `Arc`, get buffers that go to
//! a spawned task, or are frozen, by [`get_owned`]:
//!
//! ```
//! use corepool::buffer::BufferPool;
//! use std::{sync::Arc, thread};
//!
//! let pool = Arc::new(BufferPool::new());
//! let mut body = pool.get_owned();
//! body.resize(5000, b'x');
//! let body: bytes::Bytes = body.freeze();
//! drop(pool);                             // frees the idle buffers; that of `body` goes with it
//! thread::spawn(move || assert_eq!(body.len(), 5000)).join().unwrap();
//! ```
//!
//! # Errors and panics
//!
//! If an encoder fails half-way, drop the buffer: the next holder gets it empty. If a panic drops a
//! buffer, its memory is freed instead of kept. [`discard`] frees the memory on purpose.
//!
//! [`with_max_idle`]: BufferPool::with_max_idle
//! [`with_max_idle_bytes`]: BufferPool::with_max_idle_bytes
//! [`with_max_capacity`]: BufferPool::with_max_capacity
//! [`with_initial_capacity`]: BufferPool::with_initial_capacity
//! [`get`]: BufferPool::get
//! [`get_owned`]: BufferPool::get_owned
//! [`freeze`]: Buffer::freeze
//! [`discard`]: Buffer::discard
//! [`bytes::Bytes`]: bytes::Bytes

pub(crate) mod class;

pub(crate) mod hint;

mod options;

mod classes;

mod stats;

mod core;

mod heap;

mod guard;

mod traits;

mod pool;

pub use guard::Buffer;
pub use pool::BufferPool;
pub use stats::BufferStats;
