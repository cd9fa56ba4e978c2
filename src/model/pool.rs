//! The type [`Pool`], and what is set before its first use. `lend.rs` and `values.rs` have its operations.

use std::{
    fmt,
    marker::PhantomData,
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use super::{checker::unseen, core::Core, execution, manager::Manager, options::Options};
use crate::pool::{
    manage::Manage,
    scope::{Scope, Scoped, Static},
};

/// A pool of objects, in a build for a model checker: see [the guide](crate::guide::testing).
///
/// It has the interface of the pool in other builds. What a thread did to an object before it put the object back
/// happens before the next holder gets it; a pool synchronises nothing else. Which idle object a thread gets, and
/// whether it gets one, is explored.
///
/// It is empty at the beginning of each execution of a model. Its idle objects are dropped with it, or at the
/// end of the execution if it is a `static`.
pub struct Pool<T, M = fn() -> T, S = Static> {
    options: Options<T>,
    name: &'static str,
    /// Uninitialised once there is a `shared` manager.
    manager: MaybeUninit<M>,
    shared: OnceLock<Arc<Manager<T>>>,
    /// Whether there is a `shared` manager, for code that runs at compile time.
    is_used: AtomicBool,
    /// What the pool is in the executions that are running.
    cores: Mutex<Vec<Arc<Core<T>>>>,
    scope: PhantomData<fn() -> S>,
}

// A panic leaves a pool consistent.
impl<T, M: UnwindSafe, S> UnwindSafe for Pool<T, M, S> {}
impl<T, M: RefUnwindSafe, S> RefUnwindSafe for Pool<T, M, S> {}

impl<T, M: Manage<T>> Pool<T, M> {
    /// Creates an empty pool that makes its objects with `manager`.
    pub const fn new(manager: M) -> Self {
        Self::unused(manager)
    }
}

impl<T, M: Manage<T>> Pool<T, M, Scoped> {
    /// Creates an empty pool whose objects, and whose manager, may borrow. No collect reaches it.
    ///
    /// Such a pool should not be a `static`: its idle objects would be leaked at the end of an execution.
    pub const fn scoped(manager: M) -> Self {
        Self::unused(manager)
    }
}

impl<T, M: Manage<T>, S> Pool<T, M, S> {
    const fn unused(manager: M) -> Self {
        Self {
            options: Options::new(),
            name: "",
            manager: MaybeUninit::new(manager),
            shared: OnceLock::new(),
            is_used: AtomicBool::new(false),
            cores: Mutex::new(Vec::new()),
            scope: PhantomData,
        }
    }
}

impl<T, M, S> Pool<T, M, S> {
    const fn assert_unused(&self) {
        // SAFETY: a plain load, since this may run at compile time. Callers own the pool, so no other thread
        // writes.
        let is_used = unsafe { *self.is_used.as_ptr() };
        assert!(!is_used, "the hooks and the bounds must be set before the pool is used");
    }

    /// Sets `recycle` as the hook that runs on each object that comes back, after the manager's. If it returns
    /// `false`, the object is dropped.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_recycle(mut self, recycle: fn(&mut T) -> bool) -> Self {
        self.assert_unused();
        self.options.recycle = Some(recycle);
        self
    }

    /// Keeps at most `objects` idle objects.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_max_idle(mut self, objects: usize) -> Self {
        self.assert_unused();
        self.options.max_idle = objects;
        self
    }

    /// Has collects leave `objects` idle objects, if there are as many.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_min_idle(mut self, objects: usize) -> Self {
        self.assert_unused();
        self.options.min_idle = objects;
        self
    }

    /// Keeps idle objects of at most `bytes` bytes in total.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_max_idle_bytes(mut self, bytes: usize) -> Self {
        self.assert_unused();
        self.options.max_idle_bytes = bytes;
        self
    }

    /// Sets `weight` as the function that returns what an object weighs, in bytes.
    ///
    /// # Panics
    ///
    /// If the pool has already been used.
    pub const fn with_weight(mut self, weight: fn(&T) -> usize) -> Self {
        self.assert_unused();
        self.options.weight = Some(weight);
        self
    }

    /// Gives the pool a name.
    pub const fn with_name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Returns the pool's name, or an empty string.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the pool is in the current execution.
    pub(super) fn core(&self) -> Arc<Core<T>> {
        let execution = execution::current();
        let is_of = |core: &&Arc<Core<T>>| core.execution() == execution.id;
        if let Some(core) = unseen(&self.cores).iter().find(is_of) {
            return Arc::clone(core);
        }
        let new = Arc::new(Core::new(self.options, execution.id));
        let mut cores = unseen(&self.cores);
        cores.retain(|core| !core.has_ended());
        cores.push(Arc::clone(&new));
        new
    }
}

#[cfg(feature = "chaos")]
impl<T, M, S> Pool<T, M, S> {
    /// Does nothing: the objects of a model have no chaos mode.
    pub const fn with_poison(self, poison: fn(&mut T)) -> Self {
        self.assert_unused();
        let _ = poison;
        self
    }

    /// Does nothing: the objects of a model have no chaos mode.
    pub const fn with_fingerprint(self, fingerprint: fn(&T) -> u64) -> Self {
        self.assert_unused();
        let _ = fingerprint;
        self
    }
}

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Returns what the pool is in the current execution, with its manager. Another thread may run in this
    /// call.
    pub(super) fn managed(&self) -> Arc<Core<T>> {
        let core = self.core();
        let is_first = core.manager.set(Arc::downgrade(self.shared())).is_ok();
        if is_first && S::COLLECTED {
            // SAFETY: collects reach only pools of objects that are `'static`.
            unsafe { execution::current().enter(&core) };
        }
        core
    }

    fn shared(&self) -> &Arc<Manager<T>> {
        self.shared.get_or_init(|| {
            self.is_used.store(true, Relaxed);
            // SAFETY: this happens once. From now on, the manager is used in its new place only.
            Arc::new(Manager::new(unsafe { self.manager.assume_init_read() }))
        })
    }

    /// Makes an object.
    pub(super) fn create(&self) -> T {
        // SAFETY: `M` is the type of this pool's manager.
        unsafe { self.shared().get::<M>() }.create()
    }
}

impl<T: Default> Default for Pool<T> {
    /// Creates a pool that makes its objects with `T::default`.
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T, M, S> fmt::Debug for Pool<T, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("max_idle", &self.options.max_idle)
            .finish_non_exhaustive()
    }
}

impl<T, M, S> Drop for Pool<T, M, S> {
    fn drop(&mut self) {
        if !*self.is_used.get_mut() {
            // SAFETY: it has not moved, and is dropped once.
            unsafe { self.manager.assume_init_drop() };
        }
        let cores = std::mem::take(&mut *unseen(&self.cores));
        cores.iter().for_each(|core| core.end_pool());
    }
}
