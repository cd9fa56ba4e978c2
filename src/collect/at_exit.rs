//! The end of the collect thread when the process exits, or when the library that holds this crate
//! is unloaded. Leak checkers then find no thread that is still alive.

use std::{
    process,
    sync::Once,
    thread,
    time::{Duration, Instant},
};

use super::{registry::Registry, thread_state::WAKE};
use crate::sync::{self, MutexGuard, Relaxed, Untracked, wait_timeout};

/// How long an exit waits for a collect that runs.
const PATIENCE: Duration = Duration::from_millis(100);

/// The process that has started a thread last.
static PROCESS: Untracked = Untracked::new(0);

/// Makes sure that the thread which the caller is about to start is ended at the exit.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    PROCESS.store(process_id(), Relaxed);
    // bug: collect thread not ended at the exit
    ONCE.call_once(|| sync::at_exit(end_thread));
}

/// Returns the id of this process. WebAssembly has none, and no forks from which it would differ.
fn process_id() -> usize {
    if cfg!(target_family = "wasm") { 0 } else { process::id() as usize }
}

/// Ends the collect thread and waits for it.
///
/// If it runs a collect, which runs destructors, the wait is short, because they may wait for the
/// thread that exits. The process may exit beside them, as beside all other threads. A library is
/// not unloaded then: see `StaysLoaded`.
extern "C" fn end_thread() {
    // A child process without fork handlers has neither the thread nor locks that are ever free.
    if PROCESS.load(Relaxed) != process_id() {
        return;
    }
    let Some(mut registry) = lock() else { return };
    registry.thread.exiting = true;
    WAKE.notify_all();
    if registry.thread.handle.as_ref().is_none_or(|thread| thread.is_current()) {
        return;
    }
    let deadline = Instant::now() + PATIENCE;
    while registry.thread.running {
        let left = deadline.saturating_duration_since(Instant::now());
        // bug: exit waits for destructors
        if registry.thread.collecting && left.is_zero() {
            return;
        }
        registry = wait_timeout(&WAKE, registry, Some(left.max(Duration::from_millis(1)))).0;
    }
    let thread = registry.thread.handle.take();
    drop(registry);
    thread.into_iter().for_each(|thread| thread.join());
}

/// Locks the registry, if that takes no longer than the exit may wait: the exit may come from a
/// signal handler whose thread holds the lock.
fn lock() -> Option<MutexGuard<'static, Registry>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let locked = Registry::try_lock();
        if locked.is_some() || Instant::now() > deadline {
            return locked;
        }
        thread::sleep(Duration::from_micros(100));
    }
}
