//! A small M:N runtime for futures, modelled on Go's scheduler, with a watchdog.
//!
//! * **G** is a *task*: a future, in one allocation.
//! * **M** is a thread.
//! * **P** is the right to run tasks. It has a run queue, and a [seat](crate#how-it-works) of the
//!   pools. A thread that has a P is a *worker*. [`Builder::workers`] sets how many there are.
//!
//! ```
//! use corepool::rt::{self, Runtime};
//! use std::time::Duration;
//!
//! let runtime = Runtime::new()?;
//! let sum = runtime.block_on(async {
//!     let parts: Vec<_> = (0..10).map(|i| rt::spawn(async move { i * i })).collect();
//!     rt::sleep(Duration::from_millis(1)).await;
//!     let mut sum = 0;
//!     for part in parts {
//!         sum += part.await.unwrap();
//!     }
//!     sum
//! });
//! assert_eq!(sum, 285);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How a worker finds tasks
//!
//! A worker looks in these places, in this order:
//!
//! 1. Its timers that are due. Their tasks go to its own queue if it has no others, and otherwise to
//!    the global queue.
//! 2. The global queue, which holds the tasks from outside, and those that other queues had no room
//!    for: after 61 polls, or after 200 us if polls are longer.
//! 3. The slot of the task that runs next: the one that was last spawned or woken on this worker.
//! 4. Its own queue, of 256 tasks.
//! 5. The global queue, from which it takes its share.
//! 6. The queues of other workers, in random order, up to four times. It steals half of a queue.
//!    The last time it first asks which sockets are ready. It also steals the task that runs next
//!    there, if that worker is still in the same poll some microseconds later; and fires the timers
//!    there that are due.
//! 7. It gives up its P, looks at all queues once more, and sleeps. One of those that sleep waits for
//!    the next timer and for sockets.
//!
//! Tasks that wake each other share a time slice of 10 ms. Then the other tasks of the worker run.
//!
//! # Stuck workers
//!
//! A poll cannot be interrupted. But a thread, *sysmon*, watches the workers. If a worker has been
//! in the same poll for 10 ms ([`Builder::stall_after`]) and tasks wait, it is *detached*: its
//! tasks move to the other workers, and another thread, with another P, takes its place. So a task
//! that computes for long, or blocks without [`blocking()`], does not stop the others. It delays
//! ready tasks by 10 to 20 ms; [`blocking()`] shortens that. The stuck thread keeps its index and
//! its seat until its poll returns. Then it is a worker again if one is missing.
//!
//! Futures that are polled by the same task, as in a `join!`, wait for each other.
//!
//! # After a fork
//!
//! The child of a process with a runtime has no workers. Its one thread, the one that has forked,
//! belongs to no runtime. No task of the parent's runtimes runs in the child, and their timers
//! never end. A [`Runtime`] may be dropped there, which leaks it; do not use it in any other way. A
//! task that forks must end the child (by `exec` or `_exit`) before it returns. The child may build
//! a runtime of its own. A process that forks and goes on in the child, such as a daemon, should
//! build its runtime after the fork.
//!
//! # Other crates
//!
//! Channels, locks and streams of other crates work as they are, since a task may be woken by any
//! thread. Sockets are in `rt::net`, of the feature `net`, with the traits of `futures-io`, hyper and
//! tokio; the example `http` uses them. `async-io` works as well: its reactor is a thread of its own.
//! [The guide](crate::guide::other_crates) shows axum and TLS on the runtime.

// In reading order, from the ground up, as in `lib.rs`.
pub(crate) mod config;

pub(crate) mod sched;

pub(crate) mod context;

pub(crate) mod task;

pub(crate) mod threads;

#[cfg(feature = "net")]
#[cfg_attr(docsrs, doc(cfg(feature = "net")))]
pub mod net;

pub(crate) mod metrics;

pub(crate) mod runtime;

pub(crate) mod builder;

pub use self::{
    builder::Builder,
    config::{Stall, TaskPanic},
    metrics::Metrics,
    runtime::{Handle, Runtime},
    task::{
        blocking::blocking,
        budget::{ConsumeBudget, consume_budget},
        current_worker::{Worker, current_worker},
        interval::{Interval, interval},
        join::{AbortHandle, JoinError, JoinHandle},
        named::{Named, named},
        sleep::{Sleep, sleep},
        spawn::spawn,
        timeout::{Elapsed, Timeout, timeout},
        yield_now::{YieldNow, yield_now},
    },
};
