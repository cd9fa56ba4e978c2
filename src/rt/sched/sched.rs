//! The scheduler: which P runs on which thread, and which thread has to be woken. After Go's
//! proc.go.
//!
//! A P is *active* if a thread has it and it is not detached. There are never more active Ps than
//! the target number of workers, except during the one poll that a thread may be in when it is
//! detached.
//!
//! # Submit against park
//!
//! ```text
//! submit  push the task;        fence;  no thread spins, and a P may become active?  wake a thread
//! park    active -= 1, asleep;  fence;  any queue with a task?                       get a P again
//! ```
//!
//! Either the submitter sees that a P is free, or the parking thread sees the task. In the single
//! order of all SeqCst operations, either the swap that puts the task comes before the parking
//! thread's fence, so that the parking thread sees the task; or that fence comes first, and the
//! submitter sees all that precedes it. So the counts themselves are Relaxed: after one goes down,
//! the same thread, or the next one that parks, runs a fence and then looks at the queues.
//!
//! A *spinning* thread has a P and looks for tasks. While there is one, a submitter need not wake
//! another. A spinning thread stops counting itself as spinning before its last look at the queues.
//! If it finds a task it wakes the next thread, so that threads wake up one after the other, as
//! many as there are tasks for.
//!
//! Tasks from threads without a P go to the global queue, under the lock under which threads park.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    sync::Arc,
};

use crossbeam_utils::CachePadded;

use super::{
    parker::{Order, Parker},
    proc::{P, state},
    ready::Ready,
    run_queue::{BATCH, Batch},
};
use crate::{
    sync::{AtomicUsize, Mutex, MutexGuard, OnceLock, Relaxed, SeqCst, fence, lock::lock},
    util::counter::Counter,
};

#[derive(Debug)]
pub(crate) struct Sched {
    /// The number of active Ps. Changed under the lock.
    active: CachePadded<AtomicUsize>,
    /// The largest number of active Ps, that is, of workers. Changed under the lock.
    target: AtomicUsize,
    /// The number of Ps that have been made. Changed under the lock.
    made: AtomicUsize,
    /// The number of threads that spin, or are being woken to do so.
    spinning: CachePadded<AtomicUsize>,
    /// The length of the global queue. Changed under the lock.
    injected: CachePadded<AtomicUsize>,
    inner: CachePadded<Mutex<Inner>>,
    /// The most threads that the runtime may have, but for `max_blocking` of those in announced calls.
    max_threads: usize,
    max_blocking: usize,
    ps: Box<[OnceLock<Box<P>>]>,
    /// How often a P got no thread because `max_threads` was reached.
    pub(crate) capped: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    /// The global queue.
    pub(crate) global: VecDeque<Ready>,
    /// Ps that no thread has. The lowest is used first.
    free: BTreeSet<usize>,
    /// Threads without a P, asleep. The last is woken first, since its stack is still in the cache.
    idle: Vec<Arc<Parker>>,
    /// The number of threads that run, sleep or are being started.
    pub(crate) threads: usize,
    /// The number of Ps whose threads are stuck, and have been replaced.
    pub(crate) detached: usize,
    /// The Ps of `detached` that were replaced inside `blocking`.
    blocked: usize,
    /// The runtime is shut down: tasks are dropped.
    pub(crate) stopping: bool,
    /// As `stopping`, and no thread of the runtime waits for more tasks to drop.
    pub(crate) over: bool,
}

// SAFETY: a `Ready` is the only handle that can run the task, which may be done on any thread.
unsafe impl Send for Inner {}

impl Inner {
    /// Takes the thread that fell asleep last, and is not in the driver if there is another.
    fn pop_sleeper(&mut self) -> Option<Arc<Parker>> {
        let last = self.idle.len().checked_sub(1)?;
        let at = self.idle.iter().rposition(|sleeper| !sleeper.is_driving()).unwrap_or(last);
        // bug: woken thread still counts as asleep
        Some(self.idle.remove(at))
    }
}

/// A P that is to run on a thread.
#[derive(Debug)]
#[must_use]
pub(crate) struct Launch {
    pub(crate) p: usize,
    /// A sleeping thread, or `None` if a new one has to be started.
    pub(crate) on: Option<Arc<Parker>>,
}

/// The result of an attempt to give up a P.
#[derive(Debug)]
pub(crate) enum Parked {
    /// The thread keeps the P, to run this task.
    Found(Ready),
    /// The thread sleeps until it gets an order.
    Asleep,
    /// As `Asleep`, with a timeout, because there are more threads than needed.
    Spare,
    /// The thread exits.
    Ended,
}

impl Sched {
    /// A scheduler of `workers` workers, which never has more than `max_threads` threads, apart from
    /// `max_blocking` that were replaced in announced calls.
    pub(crate) fn new(workers: usize, max_threads: usize, max_blocking: usize) -> Self {
        Self {
            max_threads,
            max_blocking,
            active: CachePadded::new(AtomicUsize::new(0)),
            target: AtomicUsize::new(workers),
            made: AtomicUsize::new(0),
            spinning: CachePadded::new(AtomicUsize::new(0)),
            injected: CachePadded::new(AtomicUsize::new(0)),
            inner: CachePadded::new(Mutex::new(Inner::default())),
            ps: (0..max_threads + max_blocking).map(|_| OnceLock::new()).collect(),
            capped: Counter::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    pub(crate) fn p(&self, id: usize) -> &P {
        self.find_p(id).expect("Ps are made before they are used")
    }

    /// Returns a P that the caller knows only through `made`, so that it may not be visible yet.
    pub(crate) fn find_p(&self, id: usize) -> Option<&P> {
        self.ps[id].get().map(|p| &**p)
    }

    /// All Ps that have been made.
    pub(crate) fn ps(&self) -> impl Iterator<Item = &P> {
        // Relaxed: `find_p` has the Acquire, in `get`.
        (0..self.made.load(Relaxed)).filter_map(|id| self.find_p(id))
    }

    pub(crate) fn made(&self) -> usize {
        self.made.load(Relaxed)
    }

    pub(crate) fn max_threads(&self) -> usize {
        self.max_threads
    }

    /// Returns whether there is a sleeping thread, or one more may be started, if `blocked` threads
    /// were replaced in announced calls.
    fn has_thread(&self, inner: &Inner, blocked: usize) -> bool {
        // bug: announced calls use up the threads
        let workers = inner.threads - blocked.min(self.max_blocking);
        let has = !inner.idle.is_empty() || workers < self.max_threads;
        self.capped.add(usize::from(!has));
        has
    }

    pub(crate) fn target(&self) -> usize {
        self.target.load(Relaxed)
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Relaxed)
    }

    pub(crate) fn injected(&self) -> usize {
        self.injected.load(Relaxed)
    }

    pub(crate) fn spinning(&self) -> usize {
        self.spinning.load(Relaxed)
    }

    /// Returns whether nothing has to be watched: no thread polls, but for those inside `blocking`,
    /// and no task waits.
    pub(crate) fn is_quiet(&self) -> bool {
        // bug: sysmon asleep beside a poll
        let quiet = |p: &P| p.state() != state::RUNNING && !p.has_work();
        self.injected() == 0 && self.ps().all(quiet)
    }

    /// Returns whether one more P may become active.
    #[inline]
    pub(crate) fn has_vacancy(&self) -> bool {
        // SeqCst: if the swap in `RunNext::put` comes before this in the program, it does so in the
        // order of all SeqCst operations.
        self.active.load(SeqCst) < self.target.load(Relaxed)
    }

    /// Returns whether a thread has to be woken: the second half of submit.
    #[inline]
    pub(crate) fn wants_wake(&self) -> bool {
        // SeqCst: as in `has_vacancy`.
        self.has_vacancy() && self.spinning.load(SeqCst) == 0
    }

    /// Launches a thread for new work, unless one spins already.
    pub(crate) fn wake_one(&self) -> Option<Launch> {
        if !self.has_vacancy() || !self.count_spinner() {
            return None;
        }
        self.launch_spinner(&mut self.lock())
    }

    /// If no thread spins, counts one as spinning. Returns whether it did.
    fn count_spinner(&self) -> bool {
        self.spinning.compare_exchange(0, 1, Relaxed, Relaxed).is_ok()
    }

    /// Launches a thread that has been counted as spinning. Undoes that count if no P may become
    /// active.
    fn launch_spinner(&self, inner: &mut Inner) -> Option<Launch> {
        let launch = self.launch(inner);
        if launch.is_none() {
            // Under the lock: a submitter that saw `spinning` at 1 woke no thread, but the next
            // thread that parks sees its task.
            self.spinning.fetch_sub(1, Relaxed);
        }
        launch
    }

    /// Returns a free P and a thread for it, if one may become active. The thread is to spin, and
    /// is counted as spinning by the caller.
    fn launch(&self, inner: &mut Inner) -> Option<Launch> {
        if inner.stopping || !self.has_vacancy() {
            return None;
        }
        if !self.has_thread(inner, inner.blocked) {
            return None;
        }
        let p = self.activate(inner)?;
        let on = inner.pop_sleeper();
        inner.threads += usize::from(on.is_none());
        Some(Launch { p, on })
    }

    /// Makes the lowest free P active.
    fn activate(&self, inner: &mut Inner) -> Option<usize> {
        let id = inner.free.pop_first().or_else(|| {
            let id = self.made.load(Relaxed);
            self.ps.get(id)?.get_or_init(|| Box::new(P::new(id)));
            // Relaxed: `find_p` has the Acquire, in `get`.
            self.made.store(id + 1, Relaxed);
            Some(id)
        })?;
        let p = self.p(id);
        // bug: thread not yet running found stuck
        p.begin_search();
        p.state.store(state::RUNNING, Relaxed);
        self.active.fetch_add(1, Relaxed);
        Some(id)
    }

    /// Undoes a launch for which no thread could be started.
    pub(crate) fn give_up(&self, launch: &Launch) {
        let mut inner = self.lock();
        inner.threads -= 1;
        self.retire(&mut inner, self.p(launch.p));
        self.spinning.fetch_sub(1, Relaxed);
    }

    /// Frees a P, which has no tasks.
    fn retire(&self, inner: &mut Inner, p: &P) {
        debug_assert!(!p.has_work());
        match p.state() {
            state::DETACHED => self.came_back(inner, p),
            state::STOPPED | state::SURPLUS => {}
            _ => {
                self.active.fetch_sub(1, Relaxed);
            }
        }
        p.state.store(state::IDLE, Relaxed);
        inner.free.insert(p.id);
    }

    /// The thread of a detached P has come back from its poll.
    fn came_back(&self, inner: &mut Inner, p: &P) {
        inner.detached -= 1;
        inner.blocked -= usize::from(p.blocked.swap(false, Relaxed));
    }

    /// Pushes tasks to the global queue, and launches a thread to run them if one is needed.
    ///
    /// # Errors
    ///
    /// Returns the tasks if the runtime is stopping.
    pub(crate) fn inject<T: IntoIterator<Item = Ready>>(
        &self,
        tasks: T,
    ) -> Result<Option<Launch>, T> {
        let mut inner = self.lock();
        if inner.stopping {
            return Err(tasks);
        }
        self.add(&mut inner, tasks);
        let wake = self.count_spinner();
        // bug: inject wakes no thread
        Ok(wake.then(|| self.launch_spinner(&mut inner)).flatten())
    }

    /// Pushes tasks that are to be dropped. Returns whether there is no thread that waits for them.
    pub(crate) fn inject_late(&self, tasks: impl IntoIterator<Item = Ready>) -> bool {
        let mut inner = self.lock();
        self.add(&mut inner, tasks);
        inner.over
    }

    /// Takes all tasks of the global queue.
    pub(crate) fn clear(&self) -> VecDeque<Ready> {
        let mut inner = self.lock();
        self.injected.store(0, Relaxed);
        mem::take(&mut inner.global)
    }

    /// Frees room of the global queue that its tasks do not need.
    pub(crate) fn trim(&self) {
        let mut inner = self.lock();
        let len = inner.global.len();
        inner.global.shrink_to(2 * len);
    }

    /// Pushes tasks to the global queue.
    fn add(&self, inner: &mut Inner, tasks: impl IntoIterator<Item = Ready>) {
        inner.global.extend(tasks);
        self.injected.store(inner.global.len(), Relaxed);
    }

    /// Takes one task of the global queue.
    pub(crate) fn pop_global(&self) -> Option<Ready> {
        if self.injected() == 0 {
            return None;
        }
        let mut inner = self.lock();
        let task = inner.global.pop_front();
        self.injected.store(inner.global.len(), Relaxed);
        task
    }

    /// Takes this P's share of the global queue: returns one task to run now, and moves the rest to
    /// the P's own queue.
    ///
    /// # Safety
    ///
    /// The caller has the P, whose queue is empty.
    pub(crate) unsafe fn pop_batch(&self, p: &P) -> Option<Ready> {
        // SAFETY: passed on.
        unsafe { self.pop_some(p, BATCH) }
    }

    /// As `pop_batch`, for a P whose queue need not be empty: takes at most `most` tasks, and fills
    /// at most half of the queue.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    pub(crate) unsafe fn pop_some(&self, p: &P, most: usize) -> Option<Ready> {
        if self.injected() == 0 {
            return None;
        }
        let mut inner = self.lock();
        // SAFETY: passed on.
        unsafe { self.take_batch(&mut inner, p, most) }
    }

    /// # Safety
    ///
    /// As for `pop_some`.
    unsafe fn take_batch(&self, inner: &mut Inner, p: &P, most: usize) -> Option<Ready> {
        let len = inner.global.len();
        let first = inner.global.pop_front()?;
        let share = len.min(len / self.target().max(1) + 1).min(most);
        // The task that runs now takes no room.
        // bug: batch overflows the queue
        let more = (share - 1).min((BATCH - 1).saturating_sub(p.queue.len()));
        for task in inner.global.drain(..more) {
            // SAFETY: passed on.
            let kept = unsafe { p.queue.push(task) };
            debug_assert!(kept.is_ok(), "half of the queue is empty");
        }
        self.injected.store(inner.global.len(), Relaxed);
        Some(first)
    }

    /// Counts the calling thread as spinning, if fewer than half of the active Ps spin. Returns
    /// whether it may spin.
    pub(crate) fn start_spinning(&self) -> bool {
        let may = 2 * self.spinning() < self.active();
        if may {
            self.spinning.fetch_add(1, Relaxed);
        }
        may
    }

    /// Subtracts the calling thread, which has found a task, from `spinning`. Wakes the next thread
    /// if this was the last spinning one.
    pub(crate) fn stop_spinning(&self) -> Option<Launch> {
        let last = self.spinning.fetch_sub(1, Relaxed) == 1;
        last.then(|| self.wake_one()).flatten()
    }

    /// Subtracts the calling thread, which gives up its P, from `spinning`.
    pub(crate) fn give_up_spinning(&self) {
        self.spinning.fetch_sub(1, Relaxed);
    }

    /// The first half of park: gives up a P that has no tasks, after a search that found none.
    /// `spins` says whether the thread spins.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    pub(crate) unsafe fn park(&self, p: &P, me: &Arc<Parker>, spins: bool) -> Parked {
        let mut inner = self.lock();
        if !inner.stopping {
            // SAFETY: passed on.
            // bug: park without a look at the global queue
            if let Some(task) = unsafe { self.take_batch(&mut inner, p, BATCH) } {
                return Parked::Found(task);
            }
        }
        let parked = self.leave(&mut inner, p, me);
        if spins {
            self.spinning.fetch_sub(1, Relaxed);
        }
        parked
    }

    /// Gives up a P that has no tasks. The thread sleeps, or exits if the runtime is stopping.
    fn leave(&self, inner: &mut Inner, p: &P, me: &Arc<Parker>) -> Parked {
        p.detach_seat();
        self.retire(inner, p);
        if inner.stopping {
            return Parked::Ended;
        }
        inner.idle.push(Arc::clone(me));
        if inner.idle.len() > self.target() { Parked::Spare } else { Parked::Asleep }
    }

    /// The second half of park: the last look at the queues, by a thread that already counts as
    /// asleep. If there is a task, the thread takes a P and spins, unless it has been woken
    /// meanwhile. Returns that P.
    pub(crate) fn look_again(&self, me: &Arc<Parker>) -> Option<usize> {
        // Pairs with the swap in `RunNext::put`: see the head of this file.
        // bug: park without a fence
        fence(SeqCst);
        // bug: park without a second look
        if !self.ps().any(P::has_work) || !self.has_vacancy() {
            return None;
        }
        let mut inner = self.lock();
        let p = self.rise(&mut inner, me)?;
        self.spinning.fetch_add(1, Relaxed);
        Some(p)
    }

    /// Called by a thread that counts as asleep, when a timer is due: it takes a P, without spinning,
    /// unless it has been woken or no P may become active.
    pub(crate) fn rise_for_timer(&self, me: &Arc<Parker>) -> Option<usize> {
        self.rise(&mut self.lock(), me)
    }

    /// Makes a P active for a thread that counts as asleep, unless it has been woken.
    fn rise(&self, inner: &mut Inner, me: &Arc<Parker>) -> Option<usize> {
        if inner.stopping || !self.has_vacancy() {
            return None;
        }
        let asleep = inner.idle.iter().rposition(|other| Arc::ptr_eq(other, me))?;
        let p = self.activate(inner)?;
        inner.idle.remove(asleep);
        Some(p)
    }

    /// Removes a thread that has slept for long, which then exits. Returns false if the thread has
    /// been woken meanwhile: its order is on the way.
    pub(crate) fn end(&self, me: &Arc<Parker>) -> bool {
        let mut inner = self.lock();
        let asleep = inner.idle.iter().position(|other| Arc::ptr_eq(other, me));
        if let Some(asleep) = asleep {
            inner.idle.remove(asleep);
        }
        asleep.is_some()
    }

    /// Subtracts a thread that exits from `threads`.
    pub(crate) fn ended(&self) {
        self.lock().threads -= 1;
    }

    /// Detaches a P whose thread is stuck: its tasks go to the global queue, and another P takes
    /// its place at once, so that the replacements of several workers start side by side. `seen` is
    /// the watched state in which the P was found stuck; a P whose state has changed since is left
    /// alone.
    pub(crate) fn replace(&self, p: &P, seen: u32) -> Option<Launch> {
        let mut inner = self.lock();
        if inner.stopping {
            return None;
        }
        let blocks = usize::from(seen == state::BLOCKING);
        if !self.has_thread(&inner, inner.blocked + blocks) {
            return None;
        }
        // In a call that seldom blocks the state itself is another.
        let calls = seen == state::BLOCKING && p.is_calling();
        let from = if calls && p.state() == state::RUNNING { state::RUNNING } else { seen };
        if !p.change(from, state::DETACHED) {
            return None;
        }
        p.blocked.store(blocks == 1, Relaxed);
        inner.blocked += blocks;
        // bug: detached and still active
        self.active.fetch_sub(1, Relaxed);
        inner.detached += 1;
        self.add(&mut inner, self.drain(p));
        let launch = self.launch(&mut inner);
        debug_assert!(launch.is_some(), "there is a vacancy, and a thread or room for one");
        self.spinning.fetch_add(usize::from(launch.is_some()), Relaxed);
        launch
    }

    /// Changes the state of an active P to `mark`, so that its thread gives it up at the head of
    /// its loop.
    fn mark(&self, _: &mut Inner, p: &P, mark: u32) {
        // bug: state change repeated only once
        loop {
            let seen = p.state();
            if !is_active(seen) {
                return;
            }
            // Otherwise it has just changed between the two active states.
            if p.change(seen, mark) {
                self.active.fetch_sub(1, Relaxed);
                return;
            }
        }
    }

    /// Takes all tasks of a P whose thread is stuck, as a thief.
    pub(crate) fn drain(&self, p: &P) -> Vec<Ready> {
        let (mut tasks, mut batch) = (Vec::new(), Batch::new());
        while p.queue.grab(false, &mut batch) > 0 {
            tasks.extend(batch.iter());
        }
        tasks.extend(p.next.take());
        tasks
    }

    /// Called by the thread of a detached P at the head of its loop, after the poll has returned.
    /// The P becomes active if one more may be: then this returns `None`. Otherwise the thread
    /// gives up the P and its tasks.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    pub(crate) unsafe fn reattach(&self, p: &P, me: &Arc<Parker>) -> Option<Parked> {
        let mut inner = self.lock();
        let detached = p.state() == state::DETACHED;
        // bug: detached P never reattached
        if !inner.stopping && self.has_vacancy() {
            p.state.store(state::RUNNING, Relaxed);
            if detached {
                self.came_back(&mut inner, p);
            }
            self.active.fetch_add(1, Relaxed);
            return None;
        }
        // SAFETY: passed on.
        let tasks = std::iter::from_fn(|| unsafe { p.pop() });
        self.add(&mut inner, tasks);
        Some(self.leave(&mut inner, p, me))
    }

    /// Sets the number of workers, if `may` returns true. Surplus workers notice at the heads of
    /// their loops. Returns the surplus threads that sleep, and a launch.
    pub(crate) fn resize(
        &self,
        workers: usize,
        may: impl FnOnce() -> bool,
    ) -> (Vec<Arc<Parker>>, Option<Launch>) {
        let mut inner = self.lock();
        if !may() {
            return (Vec::new(), None);
        }
        self.target.store(workers, Relaxed);
        let ps: Vec<_> = self.ps().collect();
        for p in ps.into_iter().rev() {
            // bug: surplus workers not marked
            if self.active() <= workers {
                break;
            }
            self.mark(&mut inner, p, state::SURPLUS);
        }
        // Those who stay need the one in the driver: they have found it occupied.
        // bug: driver emptied by fewer workers
        inner.idle.sort_by_cached_key(|sleeper| sleeper.is_driving());
        let surplus = inner.idle.len().saturating_sub(workers);
        let surplus = inner.idle.drain(..surplus).collect();
        drop(inner);
        // The thread that this wakes looks at the queues in place of surplus threads that leave
        // without a last look.
        (surplus, self.wake_one())
    }

    /// Stops the scheduler: threads exit at the heads of their loops. Returns those that sleep.
    pub(crate) fn stop(&self) -> Vec<Arc<Parker>> {
        let mut inner = self.lock();
        inner.stopping = true;
        for p in self.ps() {
            self.mark(&mut inner, p, state::STOPPED);
        }
        mem::take(&mut inner.idle)
    }
}

/// Returns whether a P in this state is active. Between these two it changes without the lock.
fn is_active(state: u32) -> bool {
    matches!(state, state::RUNNING | state::BLOCKING)
}

/// Has sleeping threads exit.
pub(crate) fn dismiss(sleepers: Vec<Arc<Parker>>) {
    sleepers.iter().for_each(|sleeper| sleeper.give(Order::End));
}
