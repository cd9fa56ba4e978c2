//! Functions of the program that run at each collect.

use std::{cell::Cell, mem, sync::Arc};

use super::{fork, hook_list::Hook, registry::Registry};
use crate::{sync::thread_local, util::panics::catch_and_discard};

thread_local! {
    /// Whether this thread is running hooks.
    #[allow(clippy::missing_const_for_thread_local, reason = "the models' thread_local! has no const form")]
    static RUNNING: Cell<bool> = Cell::new(false);
}

/// Runs `f` at each collect, until the result is dropped.
///
/// It is for what should age as idle objects do: a cache of your own that lets go of what it has not used since
/// the collect before, or memory that an allocator gives back to the system. A collect is one of *all* pools:
/// by [`collect`](crate::collect()), by the clock, by a janitor, or because an allocator has requested it. `trim` and
/// `clear` of a pool are none.
///
/// * *When.* At the end of the collect: all pools have aged, and what they gave up was dropped. The functions run
///   in the order of their registration.
/// * *Where.* On the thread that collects: the caller of `collect`, a janitor, a task of `corepool::rt`, or a thread of this
///   crate. If two threads collect at the same time, both run `f`, perhaps at once.
/// * *Nothing is locked* while `f` runs. It may use pools, take its time, collect, register functions and drop
///   registrations. A collect inside of `f` ages all pools, and runs no functions. A function that is registered
///   during a collect runs from the next one on. One whose registration is dropped before its turn does not run.
/// * *Panics* of `f` are reported by the panic hook, and go no further. The other functions run.
/// * *No thread is started* for `f`. Collects by the clock happen as long as something is idle in a pool; so in a process
///   whose pools are empty, `f` does not run. A [`janitor`](crate::janitor()) collects whether or not pools are used.
/// * Where the system refuses threads, and in WebAssembly, pools age in their own calls. These run no functions of
///   others, so `f` runs only when the program calls `collect`.
/// * In the child of a `fork`, what was registered before stays registered. An exit waits up to 100 milliseconds for a
///   function that the crate's thread is running.
///
/// Go's `sync.Pool` has such a list for itself, which other packages have reached by `linkname`
/// (`runtime_registerPoolCleanup`). There the functions run while the world is stopped, and must not allocate. Here they
/// are ordinary code.
///
/// # Examples
///
/// ```
/// use std::{collections::HashMap, sync::{Arc, Mutex, PoisonError}};
///
/// #[derive(Default)]
/// struct Cache {
///     recent: HashMap<u32, String>,
///     old: HashMap<u32, String>,
/// }
///
/// let cache = Arc::new(Mutex::new(Cache::default()));
/// let ageing = Arc::clone(&cache);
/// let registration = corepool::on_collect(move || {
///     let mut cache = ageing.lock().unwrap_or_else(PoisonError::into_inner);
///     cache.old = std::mem::take(&mut cache.recent);
/// });
///
/// cache.lock().unwrap().recent.insert(1, "one".to_owned());
/// corepool::collect();
/// assert_eq!(cache.lock().unwrap().old.len(), 1);
/// corepool::collect();
/// assert_eq!(cache.lock().unwrap().old.len(), 0);
/// drop(registration);
/// ```
///
/// For as long as the process lives:
///
/// ```
/// corepool::on_collect(|| println!("collected")).leak();
/// ```
pub fn on_collect(f: impl Fn() + Send + Sync + 'static) -> OnCollect {
    fork::watch();
    let hook: Arc<Hook> = Arc::new(f);
    OnCollect { number: Registry::lock().hooks.add(hook) }
}

/// A function is registered as long as this lives: see [`on_collect`].
///
/// Dropping it does not wait for calls of the function that other threads have begun. The function is dropped
/// with the last of these, or at once.
#[derive(Debug)]
#[must_use = "dropping it ends the registration"]
pub struct OnCollect {
    number: u64,
}

impl OnCollect {
    /// Leaves the function registered for as long as the process lives.
    pub fn leak(self) {
        mem::forget(self);
    }
}

impl Drop for OnCollect {
    fn drop(&mut self) {
        // A statement of its own, so that the function is dropped when the registry is unlocked.
        // bug: function dropped under the registry's lock
        let hook = Registry::lock().hooks.remove(self.number);
        drop(hook);
    }
}

/// Runs all hooks that are registered now. Does nothing inside of a hook.
pub(crate) fn run() {
    // bug: hook that collects runs all hooks again
    if RUNNING.with(|running| running.replace(true)) {
        return;
    }
    let end = Registry::lock().hooks.end();
    let mut from = 0;
    while let Some((number, hook)) = first(from, end) {
        // bug: hook that panics keeps others from running; hook runs under the registry's lock
        catch_and_discard(|| hook());
        // It may be the last reference.
        catch_and_discard(|| drop(hook));
        from = number + 1;
    }
    RUNNING.with(|running| running.set(false));
}

/// Returns the next hook. The registry is not locked while it runs.
fn first(from: u64, end: u64) -> Option<(u64, Arc<Hook>)> {
    Registry::lock().hooks.first(from, end)
}
