//! Spawning tasks.

use std::future::Future;

use super::{join::JoinHandle, task};
use crate::rt::{
    config::NO_RUNTIME,
    context::current::{self, current},
    sched::shared::Shared,
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
    current(|shared| spawn_on(shared.expect(NO_RUNTIME), future))
}

/// Spawns a task on the runtime `shared`.
pub(crate) fn spawn_on<F>(shared: &Shared, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (task, handle) = task::create(shared.id, future);
    current::worker_of(shared.id, |worker| match worker {
        Some((shared, p)) => shared.schedule_new(p, task),
        None => {
            shared.spawned.add(1);
            shared.submit(task);
        }
    });
    handle
}
