//! A small M:N runtime for futures, after Go's scheduler, with a watchdog.
//!
//! * **G** is a *task*: a future, in one allocation.
//! * **M** is a thread.
//! * **P** is the right to run tasks: a run queue, and a [seat](crate#how-it-works) of the pools. A
//!   thread that has a P is a *worker*; there are as many as [`Builder::workers`] says.
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
//! # Where a worker looks for tasks
//!
//! 1. Each 61st time, in the global queue.
//! 2. At the place of the task that runs next: the one that was spawned or woken last here.
//! 3. In its own queue, of 256.
//! 4. In the global queue, from which it takes its share.
//! 5. In the queues of others, in random order, four times: half of one. The last time it also takes
//!    what runs next there, if the other is still in the same poll some microseconds later.
//! 6. It gives its P up, looks once more, and sleeps.
//!
//! Tasks that wake each other share a slice of 10 ms; then the others have their turn.
//!
//! # Stuck workers
//!
//! No poll can be interrupted. But a thread, *sysmon*, watches the workers. If one has been in the
//! same poll for 10 ms ([`Builder::stall_after`]) and tasks wait, the worker is *detached*: its
//! tasks go to the others, and another thread, with another P, takes its place. So a task that
//! computes for long, or blocks without saying so, does not stop others. It does delay those that
//! are ready by some 10 to 20 ms; [`blocking()`] spares them that. The stuck thread keeps its index
//! and its seat until its poll returns, when it is a worker again if one is missing.
//!
//! Futures that are polled by one task, as in a `join!`, do wait for each other.
//!
//! # After a fork
//!
//! The child of a process with a runtime has no workers: it has the thread that forked, which
//! belongs to no runtime there, whatever it was in the parent. No task of the parent's runtimes
//! runs in the child, and their timers never end. A [`Runtime`] may be dropped there, which leaks
//! it, but nothing else of it may be used; a task that forks must end the child (by `exec` or
//! `_exit`) before it returns. The child may build a runtime of its own. A process that forks to go
//! on in the child, as daemons do, builds its runtime after that.
//!
//! # What goes with it
//!
//! Channels, locks, and streams of other crates work as they are: a task is woken from any thread.
//! Input and output are `async-io`'s, whose reactor is a thread of its own, so that stuck workers
//! do not stop it: see the example `http`.

mod block_on;
mod blocking;
mod builder;
mod clock;
mod context;
mod forks;
mod grave;
mod metrics;
mod parker;
mod pin;
mod proc;
mod runq;
mod runtime;
mod sched;
mod shared;
mod slice;
mod sysmon;
mod task;
mod worker;
mod yields;

use self::runtime::spawn_on;
pub use self::{
    blocking::blocking,
    builder::Builder,
    clock::{Sleep, sleep},
    metrics::Metrics,
    runtime::{Handle, Runtime},
    sysmon::Stall,
    task::{JoinError, JoinHandle},
    yields::{Worker, YieldNow, current_worker, yield_now},
};

use std::future::Future;

const NO_RUNTIME: &str = "the calling thread belongs to no corepool runtime: it is no worker, and not inside \
                          Runtime::block_on";
const SHUT_DOWN: &str = "the corepool runtime has been shut down: it has no timers any more";

/// Starts a task on the runtime of the calling thread: see [`Handle::spawn`].
///
/// # Examples
///
/// ```
/// use corepool::rt;
///
/// let runtime = rt::Runtime::new()?;
/// let sum = runtime.block_on(async {
///     let task = rt::spawn(async { 1 + 1 });
///     task.await.unwrap()
/// });
/// assert_eq!(sum, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// If the thread belongs to no runtime: if it is no worker, and not inside [`Runtime::block_on`].
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    context::current(|shared| spawn_on(shared.expect(NO_RUNTIME), future))
}

/// For tests of the parts, and for models.
#[cfg(test)]
#[allow(unused_imports, reason = "each is used by some")]
pub(crate) mod white_box {
    #[cfg(target_os = "linux")]
    pub(crate) use super::slice::{shorten, slice};
    pub(crate) use super::{
        block_on::block_on,
        clock::Clock,
        parker::{Order, Parker},
        proc::{P, state},
        runq::{Batch, LEN, Next, Ready, RunQueue, StealOrder},
        sched::{Launch, Parked, Sched},
    };
}
