//! What a pool is in one execution: its idle objects, and its counters.

use std::{
    mem,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{Mutex, MutexGuard, OnceLock, Weak},
    thread::panicking,
};

use super::{
    checker::{Order, unseen},
    execution::{self, Id, Member},
    manager::Manager,
    options::Options,
    parcel::Parcel,
    state::{Begun, Effort, Idle, State},
};
use crate::{pool::stats::Stats, shard::drops::Reason, util::panics::FirstPanic};

/// What a pool is in one execution. Guards share it.
pub(super) struct Core<T> {
    options: Options<T>,
    /// Set before the first object is lent or put. The pool owns the manager, which may borrow: what else
    /// keeps the core, such as a collect, does not keep the manager.
    pub(super) manager: OnceLock<Weak<Manager<T>>>,
    execution: Id,
    order: Order,
    state: Mutex<State<T>>,
}

// A panic leaves a pool consistent.
impl<T> UnwindSafe for Core<T> {}
impl<T> RefUnwindSafe for Core<T> {}

impl<T> Core<T> {
    pub(super) fn new(options: Options<T>, execution: Id) -> Self {
        let state = State::new();
        let (manager, order, state) = (OnceLock::new(), Order::new(), Mutex::new(state));
        Self { options, manager, execution, order, state }
    }

    pub(super) fn execution(&self) -> Id {
        self.execution
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().ended
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        unseen(&self.state)
    }

    /// Takes a step, and returns the state for what the step does.
    fn step(&self) -> MutexGuard<'_, State<T>> {
        self.order.step();
        let mut state = self.state();
        state.steps += 1;
        state
    }

    /// Searches for an idle object. A search that may find one takes two steps. Between them, other threads
    /// may do what decides what it finds.
    pub(super) fn search(&self, effort: Effort) -> Option<Box<T>> {
        let begun = self.step().begin_search();
        let found = match begun {
            Begun::Done(found) => found,
            Begun::At(steps) => self.step().end_search(steps, effort),
        };
        found.map(Parcel::open)
    }

    /// Returns an idle object, or a new one made by `create`.
    pub(super) fn find_or_create<E>(
        &self,
        create: impl FnOnce() -> Result<T, E>,
    ) -> Result<Box<T>, E> {
        if let Some(object) = self.search(Effort::Modest) {
            return Ok(object);
        }
        let object = create()?;
        self.count_created();
        Ok(Box::new(object))
    }

    /// Takes the oldest idle object.
    pub(super) fn take_oldest(&self) -> Option<Box<T>> {
        let found = self.step().take_oldest();
        found.map(Parcel::open)
    }

    /// Stores an object. Drops it if there is no room.
    pub(super) fn put(&self, object: Box<T>) {
        drop(self.try_put(object));
    }

    /// Stores an object, or returns its parcel, counted as dropped, if there is no room.
    pub(super) fn try_put(&self, object: Box<T>) -> Result<(), Parcel<T>> {
        let weight = self.weigh(&object);
        let parcel = Parcel::pack(object);
        let mut state = self.step();
        if !state.ended && self.options.has_room(state.idle.len(), state.bytes, weight) {
            state.bytes += weight;
            state.idle.push(Idle { parcel, weight, is_victim: false });
            return Ok(());
        }
        state.drops.count(Reason::Full);
        drop(state);
        Err(parcel)
    }

    /// Takes back the object of an owned guard, whose pool may be ending.
    pub(super) fn give_back_owned(&self, object: Box<T>) {
        if !panicking() {
            drop(self.step());
        }
        self.give_back(object);
    }

    /// Takes back the object of a guard.
    pub(super) fn give_back(&self, mut object: Box<T>) {
        // A thread that is panicking may have failed the model: it takes no step any more.
        if panicking() {
            return self.drop_counted(object, Reason::Panicking);
        }
        if !self.has_ended() && self.recycle(&mut object) {
            self.put(object);
        }
    }

    /// Recycles an object, by the manager and by the hook, and returns whether it may be kept. If not,
    /// it is counted as dropped, and the caller drops it.
    pub(super) fn recycle(&self, object: &mut T) -> bool {
        let count = CountOnDrop(self, Reason::Refused);
        let manager = self.manager.get().and_then(Weak::upgrade);
        let accepted = manager.is_none_or(|manager| manager.recycle(object))
            && self.options.recycle.is_none_or(|recycle| recycle(object));
        if accepted {
            mem::forget(count);
        }
        accepted
    }

    fn weigh(&self, object: &T) -> usize {
        self.options.weigher().map_or(0, |weigh| {
            let count = CountOnDrop(self, Reason::Refused);
            let weight = weigh(object);
            mem::forget(count);
            weight
        })
    }

    /// Returns the bound on the number of idle objects.
    pub(super) fn most_idle(&self) -> usize {
        self.options.max_idle
    }

    /// Returns whether a light object could be kept.
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        self.options.has_room(state.idle.len(), state.bytes, 0)
    }

    /// Drops an object, and counts it as dropped.
    pub(super) fn drop_counted(&self, object: Box<T>, reason: Reason) {
        let _count = CountOnDrop(self, reason);
        drop(object);
    }

    pub(super) fn count_created(&self) {
        self.state().created += 1;
    }

    /// Counts an object that leaves the pool for good.
    pub(super) fn count_left(&self) {
        self.state().left += 1;
    }

    /// Counts an object that comes from elsewhere.
    pub(super) fn count_attached(&self) {
        self.state().left -= 1;
    }

    /// Drops all idle objects.
    pub(super) fn clear(&self) {
        let all = {
            let mut state = self.step();
            let all = state.idle.len();
            state.collects += 1;
            state.remove(all, Some(Reason::Cleared))
        };
        drop_all(all, open);
    }

    /// Ages the pool by one generation, and drops what has aged.
    pub(super) fn trim(&self) {
        drop_all(self.take_aged(), open);
    }

    /// Ages the pool by one generation. Returns the victims that no [`Options::min_idle`] keeps.
    fn take_aged(&self) -> Vec<Idle<T>> {
        let mut state = self.step();
        // Objects become victims in the order in which they are idle.
        let victims = state.idle.iter().filter(|idle| idle.is_victim).count();
        let kept = self.options.min_idle.saturating_sub(state.idle.len() - victims);
        let aged = state.remove(victims.saturating_sub(kept), None);
        state.collects += 1;
        state.idle.iter_mut().for_each(|idle| idle.is_victim = true);
        aged
    }

    pub(super) fn stats(&self) -> Stats {
        self.step().stats(&self.options)
    }

    /// Ends the pool, and drops its idle objects.
    pub(super) fn end_pool(&self) {
        if !execution::is_current(self.execution) {
            self.forget();
        } else if panicking() {
            drop_all(self.end_state(), drop);
        } else {
            self.order.step();
            drop_all(self.end_state(), open);
        }
    }

    /// Leaks the objects of an execution that has ended without its pools. They may have parts that only
    /// the execution can drop.
    fn forget(&self) {
        mem::forget(self.end_state());
    }

    fn end_state(&self) -> Vec<Idle<T>> {
        let mut state = self.state();
        state.ended = true;
        let all = state.idle.len();
        state.remove(all, Some(Reason::Cleared))
    }
}

impl<T> Member for Core<T> {
    fn age(&self) -> Box<dyn FnOnce() + '_> {
        let aged = self.take_aged();
        Box::new(|| drop_all(aged, open))
    }

    fn end(&self) {
        if panicking() {
            self.forget();
        } else {
            // All threads have been joined.
            drop_all(self.end_state(), drop);
        }
    }
}

/// Drops objects by `drop_one`. All are dropped, even if destructors panic; then the first panic is resumed.
fn drop_all<T>(objects: Vec<Idle<T>>, drop_one: fn(Parcel<T>)) {
    let mut panics = FirstPanic::new();
    objects.into_iter().for_each(|idle| panics.guard(|| drop_one(idle.parcel)));
    panics.resume();
}

/// Drops an object that another thread may have put.
fn open<T>(parcel: Parcel<T>) {
    drop(parcel.open());
}

/// Counts an object as dropped at the end of its scope, even if a destructor or a hook panics there.
struct CountOnDrop<'a, T>(&'a Core<T>, Reason);

impl<T> Drop for CountOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.state().drops.count(self.1);
    }
}
