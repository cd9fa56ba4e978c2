//! Announced blocking calls.

use crate::rt::{
    context::current,
    sched::{proc::state, watch::Why},
};

/// Calls `f`, which may block the thread: a system call, a lock, a long computation.
///
/// The call runs on the current thread, and costs two compare-exchanges and a fence if it is short. If it is
/// long and tasks wait, another thread takes the worker's place within about 10 ms. For a call that
/// is not announced like this, that takes about twice as long. When `f` returns, the task goes on
/// at once; its thread counts as a worker again after that poll.
///
/// Other futures in the same task (of a `join!` or a `select!`) wait for `f`. Outside of a runtime
/// this just calls `f`.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let text = corepool::rt::blocking(|| std::fs::read_to_string("/etc/hostname"))?;
/// # Ok(())
/// # }
/// ```
pub fn blocking<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    let _scope = BlockingScope::enter();
    f()
}

/// The calling thread is inside `blocking` until this is dropped.
struct BlockingScope {
    was_blocking: bool,
    /// The drop changes the P's state back.
    changed: bool,
}

impl BlockingScope {
    fn enter() -> Self {
        let changed = current::worker(|worker| {
            // This fails if the P is detached already, or inside another `blocking`: both states
            // stay.
            worker.is_some_and(|(_, p)| p.change(state::RUNNING, state::BLOCKING))
        });
        Self { was_blocking: current::set_blocking(true), changed }
    }
}

impl Drop for BlockingScope {
    fn drop(&mut self) {
        current::set_blocking(self.was_blocking);
        if self.changed {
            // This fails if the P has been detached. The worker notices when the poll returns.
            current::worker(|worker| {
                if let Some((shared, p)) = worker {
                    p.change(state::BLOCKING, state::RUNNING);
                    // Sysmon watches the rest of the poll.
                    shared.watch.notify(Why::Work);
                }
            });
        }
    }
}
