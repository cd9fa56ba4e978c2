//! Calls that block, announced.

use super::{context, proc::state};

/// Calls a function that blocks the thread: a system call, a lock, a long computation.
///
/// The thread stays what it is, so that this costs two compare-exchanges if nothing comes of it. If
/// tasks wait meanwhile, another thread takes over within about 10 ms, where an unannounced one would
/// be waited for twice as long. When the function returns, the task goes on at once; the thread counts
/// as a worker again after that poll.
///
/// Other futures in the same task (of a `join!` or a `select!`) wait for it. Outside of a runtime it
/// just calls the function.
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
    let _announced = Announced::new();
    f()
}

/// The thread is inside `blocking` until this goes.
struct Announced {
    was_blocking: bool,
    /// The P's state is to be changed back.
    changed: bool,
}

impl Announced {
    fn new() -> Self {
        let changed = context::worker(|worker| {
            // It fails if the P is detached already, or inside another `blocking`: both stay.
            worker.is_some_and(|(_, p)| p.change(state::RUNNING, state::BLOCKING))
        });
        Self { was_blocking: context::set_blocking(true), changed }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        context::set_blocking(self.was_blocking);
        if self.changed {
            // It fails if the P has been detached: the worker finds out when the poll returns.
            context::worker(|worker| {
                worker.map(|(_, p)| p.change(state::BLOCKING, state::RUNNING));
            });
        }
    }
}
