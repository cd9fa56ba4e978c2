//! Byte buffers that are used again: feature `bytes`.
//!
//! ```
//! use corepool::buffer::BufferPool;
//! use std::io::Write;
//!
//! static BUFFERS: BufferPool = BufferPool::new();
//!
//! let mut body = BUFFERS.get();           // empty, with the capacity that messages here have needed
//! write!(body, "hello")?;
//! let body: bytes::Bytes = body.freeze(); // the storage goes back when the last clone goes
//! assert_eq!(body, "hello");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What a [`BufferPool`] does that a `Pool<Vec<u8>>` leaves to its user
//!
//! * Buffers are kept by size: powers of two from 1 KiB to 1 MiB. A request is rounded up, a buffer
//!   that comes back is rounded down by its *capacity*, so that one that has grown is found by those
//!   who want a large one.
//! * What is idle is bounded in bytes, class by class ([`with_max_idle_bytes`]). From 256 KiB on
//!   nothing is kept for one thread alone.
//! * One large message does not make all buffers large: what comes back above
//!   [`with_max_capacity`] is dropped, and [`get`] unlearns a capacity that is not used.
//! * What the last holder wrote is out of reach of safe code: a buffer comes with length 0.
//! * [`freeze`] makes [`bytes::Bytes`] of it without copying (or with, where that is cheaper), and
//!   the storage comes home from whatever thread drops the last clone.
//!
//! # How `get` learns
//!
//! Threads learn apart, by the rule of Go's `encoding/json/jsontext`. A buffer that was filled
//! beyond what `get` hands out raises that at once. One of which less than a quarter was used is a
//! *strike*; at the fifth in a row it is dropped, and from then on `get` hands out what the largest
//! of those five needed. Up to 4 KiB nothing is a strike. So at least one in twenty bytes is used
//! in the long run, however sizes change. And of what one message needed no more than 1 MiB is made
//! for others before a second one has needed it: those others start small, and grow. What was used
//! is told by the length at the end, or by the capacity if the buffer had to grow: who clears a
//! buffer before dropping it hides that from the pool.
//!
//! # When something fails
//!
//! A buffer is bytes, so that an encoder that fails half-way leaves nothing behind: drop it. Where a
//! panic drops a buffer, its memory is freed instead of kept. [`discard`] does the same for those who
//! do not want to see its memory again.
//!
//! [`with_max_idle_bytes`]: BufferPool::with_max_idle_bytes
//! [`with_max_capacity`]: BufferPool::with_max_capacity
//! [`get`]: BufferPool::get
//! [`freeze`]: Buffer::freeze
//! [`discard`]: Buffer::discard
//! [`bytes::Bytes`]: bytes::Bytes

pub(crate) mod class;
mod guard;
pub(crate) mod hint;
mod pool;
mod stats;
mod traits;

pub use guard::Buffer;
pub use pool::BufferPool;
pub use stats::BufferStats;
