//! Spawning tasks.

use std::{future::Future, sync::LazyLock};

use super::{join::JoinHandle, task};
use crate::rt::{
    config::NO_RUNTIME,
    context::{
        current::{self, current},
        runtimes,
    },
    sched::{owned::Outside, ready, shared::Shared, thread_of},
};

/// Spawns a task on the runtime of the calling thread.
///
/// Use it inside a task or inside [`Runtime::block_on`](crate::rt::Runtime::block_on). On other
/// threads, use [`Handle::spawn`](crate::rt::Handle::spawn), which has the details.
///
/// # Panics
///
/// If the calling thread belongs to no runtime: if it is not a worker, and not inside `block_on`.
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
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    if is_large::<F>() { spawn_here(Box::pin(future)) } else { spawn_here(future) }
}

/// Futures of more bytes go to the heap before anything else: each function that passes them on may
/// copy them to its stack. (In a debug build each does.)
const LARGE: usize = 4096;

/// Returns whether the future has to be boxed before it is passed on.
pub(crate) const fn is_large<F>() -> bool {
    // bug: large futures are copied
    size_of::<F>() > LARGE
}

/// Spawns a task on the runtime of the calling thread.
#[inline]
fn spawn_here<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    current(|shared| match shared {
        Some(shared) => spawn_on(shared, future),
        None => spawn_at_exit(future),
    })
}

/// Spawns a task from the destructor of a thread-local, on a thread that a runtime has started: a
/// panic there would end the process. If the runtime has ended, the task is dropped.
#[cold]
fn spawn_at_exit<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    static LATE: LazyLock<Outside> = LazyLock::new(Outside::new);

    let runtime = thread_of::get();
    // bug: spawn at the exit of a worker panics
    assert_ne!(runtime, 0, "{NO_RUNTIME}");
    match runtimes::find(runtime) {
        Some(shared) => spawn_on(&shared, future),
        None => task::create(runtime, LATE.reserve(), future).1,
    }
}

/// Spawns a task on the runtime `shared`.
#[inline]
pub(crate) fn spawn_on<F>(shared: &Shared, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    current::member_of(shared.id, |member| match member {
        Some((shared, Some(p))) => {
            // SAFETY: this thread's P.
            let (task, handle) = task::create(shared.id, unsafe { p.owned.reserve() }, future);
            shared.schedule_new(p, task);
            handle
        }
        _ => spawn_from_outside(shared, future),
    })
}

/// Spawns a task from a thread that has no P of the runtime.
#[cold]
fn spawn_from_outside<F>(shared: &Shared, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (task, handle) = task::create(shared.id, shared.outside.reserve(), future);
    shared.spawned.add(1);
    if let Some(late) = shared.submit(task) {
        // Its destructors may spawn tasks: these are dropped as well.
        let _entered = current::enter(shared);
        ready::cancel(late);
    }
    handle
}
