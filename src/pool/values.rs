//! Objects by value: [`Pool::take`], [`Pool::try_take`] and [`Pool::put`], each with its hit path, which
//! is inlined, and its slow path.

use super::{
    core::Core, hooks::CountOnDrop, manage::Manage, pool::Pool, recall::Effort, scope::Scope,
};
use crate::{
    chaos_mode,
    collect::join::slow_path_seat,
    containers::cell::EmptyCell,
    seat::current::current,
    shard::{drops::Reason, private::PrivateOwner},
};

impl<T: Send, M: Manage<T>, S: Scope<T>> Pool<T, M, S> {
    /// Returns an idle object or a new one, by value: Go's `Get`. The caller may give it back with
    /// [`put`](Self::put), but need not.
    ///
    /// [`get`](Self::get) is faster, because it does not move the object. A large object should not be
    /// moved: use `get`, or a pool of boxes.
    ///
    /// # Panics
    ///
    /// If `create` panics. The pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(Vec::<u8>::new);
    /// let buffer = pool.take();
    /// pool.put(buffer);
    /// ```
    #[inline]
    #[must_use = "the object is dropped at once"]
    pub fn take(&self) -> T {
        self.take_local().unwrap_or_else(|| self.take_slow())
    }

    /// Returns an idle object by value, or `None` if the search finds none, as
    /// [`try_get`](Self::try_get) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(|| 1);
    /// assert_eq!(pool.try_take(), None);
    /// ```
    #[inline]
    pub fn try_take(&self) -> Option<T> {
        let Some(value) = self.take_local() else { return self.try_take_slow(Effort::Full) };
        Some(value)
    }

    /// The hit path of [`take`](Self::take): takes a value out of the private part of the thread's
    /// own shard.
    #[inline(always)]
    fn take_local(&self) -> Option<T> {
        // bug: hit by value in chaos mode
        if chaos_mode::may_be_on() {
            return None;
        }
        self.pin_local()?.private().take()
    }

    /// Adds `value` to the pool: Go's `Put`. The value need not come from this pool.
    ///
    /// The value is dropped if the `recycle` hook returns `false`, if the pool is at its bound, or
    /// if there is no memory to store it.
    ///
    /// # Panics
    ///
    /// If `recycle`, `weight`, or the destructor of the value panics. The value is dropped then;
    /// the pool is not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use corepool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// pool.put(String::from("mine"));
    /// assert_eq!(*pool.get(), "mine");
    /// ```
    #[inline]
    pub fn put(&self, value: T) {
        // SAFETY: forgotten if it is kept.
        // bug: put of a value skips the hook
        if self.is_plain && unsafe { self.put_local(&raw const value) } {
            std::mem::forget(value);
        } else {
            self.put_slow(value);
        }
    }

    /// As [`put`](Self::put), for a value that comes from elsewhere and is one of the pool's objects from now
    /// on.
    #[cfg(feature = "bytes")]
    pub(crate) fn put_attached(&self, value: T) {
        self.core().left.add(1_usize.wrapping_neg());
        self.put(value);
    }

    /// Copies the value at `from` into the private part of the thread's own shard, and returns
    /// whether it did. If so, the caller must forget the value.
    ///
    /// The value is passed by address, because each move of it could wait for the stores of the
    /// move before.
    ///
    /// # Safety
    ///
    /// As for [`ptr::read`](std::ptr::read), if this returns true.
    #[inline(always)]
    unsafe fn put_local(&self, from: *const T) -> bool {
        // bug: value kept by its own thread in chaos mode
        if chaos_mode::may_be_on() {
            return false;
        }
        // SAFETY: the caller's promise.
        self.pin_local().is_some_and(|local| unsafe { local.private().put_from(from) })
    }

    #[inline(never)]
    fn put_slow(&self, mut value: T) {
        let core = self.core();
        if let Some(on) = chaos_mode::on() {
            return core.put_in_chaos(on, value);
        }
        if !self.is_plain && !core.recycle_ok(&mut value) {
            return;
        }
        // bug: value kept without being weighed
        if core.weight_limit.is_some() {
            return self.put_weighed(core, value);
        }
        // SAFETY: forgotten if it is kept.
        if !self.is_plain && unsafe { self.put_local(&raw const value) } {
            return std::mem::forget(value);
        }
        self.put_beyond(core, value);
    }

    /// The rest of the slow path of [`put`](Self::put) in a pool that does not weigh.
    #[inline(never)]
    fn put_beyond(&self, core: &Core<T>, value: T) {
        let from = &raw const value;
        // SAFETY: forgotten if it is kept.
        if self.pin_fenced().is_some_and(|local| unsafe { local.private().put_from(from) }) {
            return std::mem::forget(value);
        }
        match core.put_value(slow_path_seat(), value) {
            Ok(()) => core.poll(),
            Err(value) => put_in_cell(core, value, 0),
        }
    }

    /// The rest of the slow path of [`put`](Self::put) in a pool that weighs.
    #[inline(never)]
    fn put_weighed(&self, core: &Core<T>, value: T) {
        let weight = core.weigh(&value);
        let from = &raw const value;
        // The seat is looked up after the hooks, which may have forked.
        // SAFETY: forgotten if it is kept.
        if self.pin_local().is_some_and(|it| unsafe { it.private().put_weighed(from, weight) }) {
            std::mem::forget(value);
        } else {
            self.put_behind_slot(core, value, weight);
        }
    }

    /// The rest of the slow path in a pool that weighs, for values that the slot does not take.
    #[inline(never)]
    fn put_behind_slot(&self, core: &Core<T>, value: T, weight: usize) {
        let from = &raw const value;
        // SAFETY: forgotten if it is kept.
        if self.pin_local().is_some_and(|it| unsafe { it.private().put_top_weighed(from, weight) })
        {
            std::mem::forget(value);
        } else {
            self.put_weighed_beyond(core, value, weight);
        }
    }

    /// The rest of the slow path in a pool that weighs. Where the fences are symmetric, this does what the
    /// two before it do elsewhere.
    #[inline(never)]
    fn put_weighed_beyond(&self, core: &Core<T>, value: T, weight: usize) {
        let from = &raw const value;
        // SAFETY: forgotten if it is kept.
        let keep = |private: PrivateOwner<'_, T>| unsafe {
            private.put_weighed(from, weight) || private.put_top_weighed(from, weight)
        };
        if self.pin_fenced().is_some_and(|local| keep(local.private())) {
            std::mem::forget(value);
        } else {
            put_in_cell(core, value, weight);
        }
    }

    /// The slow path of [`take`](Self::take).
    #[inline(never)]
    fn take_slow(&self) -> T {
        self.try_take_slow(Effort::Modest).unwrap_or_else(|| {
            self.core().poll();
            self.create()
        })
    }

    /// The slow path of [`try_take`](Self::try_take).
    #[inline(never)]
    fn try_take_slow(&self, effort: Effort) -> Option<T> {
        if let Some(on) = chaos_mode::on() {
            return Some(self.core().take_value(current(), self.search_in_chaos(on, effort)?));
        }
        if self.has_nothing() { None } else { self.search_value(effort) }
    }

    #[inline(never)]
    fn search_value(&self, effort: Effort) -> Option<T> {
        // Where the fences are symmetric, this does what would be a hit elsewhere.
        if let Some(value) = self.pin_fenced().and_then(|local| local.private().take()) {
            return Some(value);
        }
        self.search(effort).map(|full| self.core().take_value(current(), full))
    }
}

/// Stores a value of this weight in a cell that no place of the thread's shard has.
fn put_in_cell<T>(core: &Core<T>, value: T, weight: usize) {
    let spare = core.pop_spare(current()).or_else(|| core.pop_empty(current()));
    // bug: cell that must have memory
    let Some(empty) = spare.or_else(EmptyCell::try_new) else {
        // bug: object dropped without being counted
        let _count = CountOnDrop(core, Reason::Full);
        return drop(value);
    };
    core.put_or_drop(empty.fill(value), weight);
}
