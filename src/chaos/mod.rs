//! Chaos mode: pools that do what they may do, and seldom do, for tests of programs that use them.
//!
//! A program that uses a pool must not depend on which object it gets, on whether it gets one that was
//! used before, or on an object that it has given back. An ordinary test seldom notices if it does: a
//! thread that uses one object at a time gets the same one again, as it left it. In chaos mode, pools
//! behave otherwise, at random, and look for misuse:
//!
//! * One object in four that comes back is dropped.
//! * A `get` returns a random one of the idle objects of all threads, and sometimes a new one although
//!   others are idle.
//! * Pools age at random moments.
//! * The memory of an object that has come back is filled with a pattern, and so is the memory of a buffer.
//!   What is written there later is found. See [below](#what-is-found).
//! * An object that is given back twice, or by [`from_raw`](crate::Pool::from_raw) while there is a guard
//!   of it, is found.
//! * [`with_poison`](crate::Pool::with_poison) spoils objects that come back, so that a program which does
//!   not reset them fails.
//!
//! Misuse is reported by a panic. The message names the pool, the threads and the seed.
//!
//! # Examples
//!
//! [`set_seed`] turns chaos mode on, for the whole process and for good:
//!
//! ```standalone_crate
//! use corepool::{Pool, chaos};
//! use std::panic;
//!
//! static WORDS: Pool<Vec<String>> = Pool::new(Vec::new);
//!
//! /// Returns the longest word. Wrong: it takes the list for empty.
//! fn longest(text: &str) -> String {
//!     let mut words = WORDS.get();
//!     words.extend(text.split(' ').map(String::from));
//!     words.iter().max_by_key(|word| word.len()).unwrap().clone()
//! }
//!
//! chaos::set_seed(7);
//! let result = panic::catch_unwind(|| {
//!     for _ in 0..100 {
//!         assert_eq!(longest("a bb ccc"), "ccc");
//!         assert_eq!(longest("a bb"), "bb");
//!     }
//! });
//! assert!(result.is_err());
//! ```
//!
//! Tests need no change to run in chaos mode: [`SEED_VARIABLE`] turns it on, too.
//!
//! ```console
//! $ COREPOOL_CHAOS_SEED=7 cargo test --features corepool/chaos
//! ```
//!
//! # What stays as it is
//!
//! Pools keep their promises. An object has one holder at a time, and is dropped once. Bounds hold. Hooks
//! run on every way back. [`try_get`](crate::Pool::try_get) finds an object if one is idle. A
//! [scoped](crate::Pool::scoped) pool drops objects in its own calls only, and does not age at random.
//! Statistics are exact.
//!
//! An object may move while it is idle, as always if it is put by value. Chaos mode moves each one.
//!
//! # What is found
//!
//! The memory of the last few objects that came back to a pool, up to 256 KiB, is kept for a while, filled
//! with the byte `0xdb`. Each call of the pool looks whether it has changed; so does the end of the pool.
//! So a write through a pointer that has outlived its guard is found, and a read sees the pattern. The same
//! is done with the memory that an object owns, up to 1 MiB of it, if the object is a `String`, a `Vec` or a
//! boxed slice of numbers, or a boxed array of bytes whose length is a power of two, and with that of the
//! buffers of a [`BufferPool`][buffers]. Other objects need
//! [`with_fingerprint`](crate::Pool::with_fingerprint).
//!
//! # Repeating a run
//!
//! Each thread makes its decisions by a generator of its own. Its start depends on the seed and on the name of
//! the thread; and if several threads have the same name, or none, on which of them is the first to use
//! a pool. So one thread and one seed give one run, and the test harness, which names threads after tests,
//! does not change it. What several threads do with one pool depends on their order, as always.
//!
//! # Cost
//!
//! With the feature and without a seed, a get and a return take three instructions more. In chaos mode a call takes microseconds and a
//! lock that all pools share, and needs memory.
//!
//! The pools of builds for a [model checker](crate::guide::testing) are not affected: they explore what
//! chaos mode tries at random.
//!
#![cfg_attr(feature = "bytes", doc = "[buffers]: crate::buffer::BufferPool")]
#![cfg_attr(not(feature = "bytes"), doc = "[buffers]: crate")]

pub(crate) mod block;

pub(crate) mod storage;

mod run;

pub(crate) mod dice;

mod misuse;

pub(crate) mod ledger;

mod seed;

pub(crate) mod hooks;

pub(crate) use seed::{On, has_begun, may_be_on, on};
pub use seed::{SEED_VARIABLE, set_seed};
