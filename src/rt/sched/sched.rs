//! The scheduler: which P runs on which thread, and who has to be woken.
//!
//! A P is *active* if a thread has it and it is not detached. There are never more active Ps than
//! workers were asked for, but for the one poll that a thread may be in when it is detached.
//!
//! # Submit against park
//!
//! ```text
//! submit  push the task;        fence;  nobody spins, and a P may become active?  wake a thread
//! park    active -= 1, asleep;  fence;  any queue with a task?                    take a P again
//! ```
//!
//! Either the submitter sees that a P is free, or the parking thread sees the task: either the swap
//! that puts the task comes before the parking thread's fence in the one order of all SeqCst
//! operations; or that fence comes first, and with it whatever comes before it. So the counts
//! themselves are Relaxed: where one goes down, a fence and a look follow, by the same thread or by
//! the next one that parks.
//!
//! A *spinning* thread has a P and looks for tasks: while there is one, a submitter need not wake
//! another. It counts itself out before its last look at the queues, and if it finds a task it wakes
//! the next one, so that as many threads wake up as there is work for, one after the other.
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
    runq::{BATCH, Batch, Ready},
};
use crate::{
    sync::{AtomicUsize, Mutex, MutexGuard, OnceLock, Relaxed, SeqCst, fence, lock::lock},
    util::counters::Counter,
};

#[derive(Debug)]
pub(crate) struct Sched {
    /// Ps that are active. Changed under the lock.
    active: CachePadded<AtomicUsize>,
    /// Ps that may be. Changed under the lock.
    target: AtomicUsize,
    /// Ps that have been made. Changed under the lock.
    made: AtomicUsize,
    /// Threads that spin, or are being woken to do so.
    spinning: CachePadded<AtomicUsize>,
    /// The length of the global queue. Changed under the lock.
    injected: CachePadded<AtomicUsize>,
    inner: CachePadded<Mutex<Inner>>,
    ps: Box<[OnceLock<Box<P>>]>,
    /// How often no thread could be had for a P, because there are as many as may be.
    pub(crate) capped: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    /// The global queue.
    pub(crate) global: VecDeque<Ready>,
    /// Ps that no thread has. The lowest goes first.
    free: BTreeSet<usize>,
    /// Threads without a P, asleep. The last goes first, whose stack is in the cache.
    idle: Vec<Arc<Parker>>,
    /// Threads that run, sleep or are being started.
    pub(crate) threads: usize,
    /// Ps whose threads are stuck, and have been replaced.
    pub(crate) detached: usize,
    /// The runtime goes: tasks are dropped.
    pub(crate) stopping: bool,
}

// SAFETY: a `Ready` is the one handle to run a task, which may be done on any thread.
unsafe impl Send for Inner {}

/// A P that is to run on a thread: one that sleeps, or a new one.
#[derive(Debug)]
#[must_use]
pub(crate) struct Launch {
    pub(crate) p: usize,
    pub(crate) on: Option<Arc<Parker>>,
}

/// What a thread that gives up its P does next.
#[derive(Debug)]
pub(crate) enum Parked {
    /// It was wrong to: there is this task.
    Found(Ready),
    /// It waits for an order.
    Asleep,
    /// As `Asleep`, but not for long: there are more threads than are needed.
    Spare,
    /// It ends.
    Ended,
}

impl Sched {
    /// So many workers, which never have more than so many threads.
    pub(crate) fn new(workers: usize, max_threads: usize) -> Self {
        Self {
            active: CachePadded::new(AtomicUsize::new(0)),
            target: AtomicUsize::new(workers),
            made: AtomicUsize::new(0),
            spinning: CachePadded::new(AtomicUsize::new(0)),
            injected: CachePadded::new(AtomicUsize::new(0)),
            inner: CachePadded::new(Mutex::new(Inner::default())),
            ps: (0..max_threads).map(|_| OnceLock::new()).collect(),
            capped: Counter::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    pub(crate) fn p(&self, id: usize) -> &P {
        self.find_p(id).expect("Ps are made before they are used")
    }

    /// A P of which the calling thread knows by the count of those that are made alone.
    pub(crate) fn find_p(&self, id: usize) -> Option<&P> {
        self.ps[id].get().map(|p| &**p)
    }

    /// The Ps that have been made.
    pub(crate) fn ps(&self) -> impl Iterator<Item = &P> {
        // Acquire is in `get`.
        (0..self.made.load(Relaxed)).filter_map(|id| self.find_p(id))
    }

    pub(crate) fn made(&self) -> usize {
        self.made.load(Relaxed)
    }

    pub(crate) fn max_threads(&self) -> usize {
        self.ps.len()
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

    /// Whether one more P may become active.
    #[inline]
    pub(crate) fn has_vacancy(&self) -> bool {
        // SeqCst: comes after the swap in `Next::put`, if that was before.
        self.active.load(SeqCst) < self.target.load(Relaxed)
    }

    /// Submit's look at whether somebody has to be woken.
    #[inline]
    pub(crate) fn wants_wake(&self) -> bool {
        // SeqCst: as in `has_vacancy`.
        self.has_vacancy() && self.spinning.load(SeqCst) == 0
    }

    /// Wakes a thread for work that has come, unless one spins already.
    pub(crate) fn wake_one(&self) -> Option<Launch> {
        if !self.has_vacancy() || self.spinning.compare_exchange(0, 1, Relaxed, Relaxed).is_err() {
            return None;
        }
        let mut inner = self.lock();
        let launch = self.launch(&mut inner);
        if launch.is_none() {
            // Under the lock: whoever has seen it as 1 and woken nobody is seen by the next thread
            // that parks.
            self.spinning.fetch_sub(1, Relaxed);
        }
        launch
    }

    /// A free P and a thread for it, if one may become active. The thread is to spin, and is counted
    /// by the caller.
    fn launch(&self, inner: &mut Inner) -> Option<Launch> {
        if inner.stopping || !self.has_vacancy() {
            return None;
        }
        if inner.idle.is_empty() && inner.threads >= self.max_threads() {
            self.capped.add(1);
            return None;
        }
        let p = self.activate(inner)?;
        // bug: woken thread still counts as asleep
        let on = inner.idle.pop();
        inner.threads += usize::from(on.is_none());
        Some(Launch { p, on })
    }

    /// The lowest free P, which then is active.
    fn activate(&self, inner: &mut Inner) -> Option<usize> {
        let id = inner.free.pop_first().or_else(|| {
            let id = self.made.load(Relaxed);
            self.ps.get(id)?.get_or_init(|| Box::new(P::new(id)));
            // Relaxed: `get` has an Acquire of its own.
            self.made.store(id + 1, Relaxed);
            Some(id)
        })?;
        let p = self.p(id);
        // bug: poll of a thread that is yet to run
        p.begin_search();
        p.state.store(state::RUNNING, Relaxed);
        self.active.fetch_add(1, Relaxed);
        Some(id)
    }

    /// No thread can be started for this P.
    pub(crate) fn give_up(&self, launch: &Launch) {
        let mut inner = self.lock();
        inner.threads -= 1;
        self.retire(&mut inner, self.p(launch.p));
        self.spinning.fetch_sub(1, Relaxed);
    }

    /// A P that has no tasks is free again.
    fn retire(&self, inner: &mut Inner, p: &P) {
        debug_assert!(!p.has_work());
        match p.state() {
            state::DETACHED => inner.detached -= 1,
            state::STOPPED | state::SURPLUS => {}
            _ => {
                self.active.fetch_sub(1, Relaxed);
            }
        }
        p.state.store(state::IDLE, Relaxed);
        inner.free.insert(p.id);
    }

    /// Puts tasks into the global queue, and finds somebody to run them.
    ///
    /// # Errors
    ///
    /// Gives the tasks back, if the runtime stops.
    pub(crate) fn inject<T: IntoIterator<Item = Ready>>(
        &self,
        tasks: T,
    ) -> Result<Option<Launch>, T> {
        let mut inner = self.lock();
        if inner.stopping {
            return Err(tasks);
        }
        self.add(&mut inner, tasks);
        let wake = self.spinning.compare_exchange(0, 1, Relaxed, Relaxed).is_ok();
        // bug: inject wakes nobody
        let launch = wake.then(|| self.launch(&mut inner)).flatten();
        if wake && launch.is_none() {
            self.spinning.fetch_sub(1, Relaxed);
        }
        Ok(launch)
    }

    /// Takes what is in the global queue, for good.
    pub(crate) fn clear(&self) -> VecDeque<Ready> {
        let mut inner = self.lock();
        self.injected.store(0, Relaxed);
        mem::take(&mut inner.global)
    }

    fn add(&self, inner: &mut Inner, tasks: impl IntoIterator<Item = Ready>) {
        inner.global.extend(tasks);
        self.injected.store(inner.global.len(), Relaxed);
    }

    /// One task of the global queue.
    pub(crate) fn pop_global(&self) -> Option<Ready> {
        if self.injected() == 0 {
            return None;
        }
        let mut inner = self.lock();
        let task = inner.global.pop_front();
        self.injected.store(inner.global.len(), Relaxed);
        task
    }

    /// This P's part of the global queue: one to run now, the rest in its own.
    ///
    /// # Safety
    ///
    /// The caller has the P, whose queue is empty.
    pub(crate) unsafe fn pop_batch(&self, p: &P) -> Option<Ready> {
        if self.injected() == 0 {
            return None;
        }
        let mut inner = self.lock();
        // SAFETY: passed on.
        unsafe { self.take_batch(&mut inner, p) }
    }

    /// # Safety
    ///
    /// As for `pop_batch`.
    unsafe fn take_batch(&self, inner: &mut Inner, p: &P) -> Option<Ready> {
        let len = inner.global.len();
        let first = inner.global.pop_front()?;
        let more = len.min(len / self.target().max(1) + 1).min(BATCH) - 1;
        for task in inner.global.drain(..more) {
            // SAFETY: passed on.
            let kept = unsafe { p.queue.push(task) };
            debug_assert!(kept.is_ok(), "the queue is empty");
        }
        self.injected.store(inner.global.len(), Relaxed);
        Some(first)
    }

    /// Whether the calling thread may spin: half of those that have something to do may.
    pub(crate) fn start_to_spin(&self) -> bool {
        let may = 2 * self.spinning() < self.active();
        if may {
            self.spinning.fetch_add(1, Relaxed);
        }
        may
    }

    /// The calling thread has spun, and has found a task. Wakes the next one, if it was the last.
    pub(crate) fn stop_to_spin(&self) -> Option<Launch> {
        let last = self.spinning.fetch_sub(1, Relaxed) == 1;
        last.then(|| self.wake_one()).flatten()
    }

    /// The calling thread has spun, and gives its P up.
    pub(crate) fn give_up_spinning(&self) {
        self.spinning.fetch_sub(1, Relaxed);
    }

    /// Gives a P up that has no tasks, since nothing was found for it to do. `spins` says that the
    /// thread spins.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    pub(crate) unsafe fn park(&self, p: &P, me: &Arc<Parker>, spins: bool) -> Parked {
        {
            let mut inner = self.lock();
            if !inner.stopping {
                // SAFETY: passed on.
                // bug: park without a look at the global queue
                if let Some(task) = unsafe { self.take_batch(&mut inner, p) } {
                    return Parked::Found(task);
                }
            }
            p.stand();
            self.retire(&mut inner, p);
            if spins {
                self.spinning.fetch_sub(1, Relaxed);
            }
            if inner.stopping {
                return Parked::Ended;
            }
            inner.idle.push(Arc::clone(me));
            if inner.idle.len() > self.target() {
                return Parked::Spare;
            }
        }
        Parked::Asleep
    }

    /// Park's second half: the last look at the queues, by a thread that is asleep already. If there
    /// is something it goes on with a P, as a thread that spins, unless it has been woken meanwhile.
    pub(crate) fn look_again(&self, me: &Arc<Parker>) -> Option<usize> {
        // Pairs with the swap in `Next::put`: see the head of this file.
        // bug: park without a fence
        fence(SeqCst);
        // bug: park without a second look
        if !self.ps().any(P::has_work) || !self.has_vacancy() {
            return None;
        }
        let mut inner = self.lock();
        if inner.stopping || !self.has_vacancy() {
            return None;
        }
        let asleep = inner.idle.iter().rposition(|other| Arc::ptr_eq(other, me))?;
        let p = self.activate(&mut inner)?;
        inner.idle.remove(asleep);
        self.spinning.fetch_add(1, Relaxed);
        Some(p)
    }

    /// A thread that has slept for long ends, unless it is wanted after all.
    pub(crate) fn end(&self, me: &Arc<Parker>) -> bool {
        let mut inner = self.lock();
        let asleep = inner.idle.iter().position(|other| Arc::ptr_eq(other, me));
        if let Some(asleep) = asleep {
            inner.idle.remove(asleep);
        }
        asleep.is_some()
    }

    /// The end of a thread.
    pub(crate) fn ended(&self) {
        self.lock().threads -= 1;
    }

    /// The thread of this P is stuck: its tasks go to the global queue, and another P takes its
    /// place, at once, so that the workers that replace several others start side by side. `seen` is
    /// what the P was about when that was found.
    pub(crate) fn replace(&self, p: &P, seen: u32) -> Option<Launch> {
        let mut inner = self.lock();
        if inner.stopping {
            return None;
        }
        if inner.idle.is_empty() && inner.threads >= self.max_threads() {
            self.capped.add(1);
            return None;
        }
        if !p.change(seen, state::DETACHED) {
            return None;
        }
        // bug: detached and still active
        self.active.fetch_sub(1, Relaxed);
        inner.detached += 1;
        self.add(&mut inner, self.drain(p));
        let launch = self.launch(&mut inner);
        debug_assert!(launch.is_some(), "there is a vacancy, and a thread or room for one");
        self.spinning.fetch_add(usize::from(launch.is_some()), Relaxed);
        launch
    }

    /// Marks a P that is active, so that its thread gives it up at the head of its loop.
    fn mark(&self, _: &mut Inner, p: &P, mark: u32) {
        // bug: two looks for one that goes in and out
        loop {
            let seen = p.state();
            if !is_active(seen) {
                return;
            }
            // Else it was on its way from one to the other.
            if p.change(seen, mark) {
                self.active.fetch_sub(1, Relaxed);
                return;
            }
        }
    }

    /// Takes what waits at a P whose thread is stuck, as a thief.
    pub(crate) fn drain(&self, p: &P) -> Vec<Ready> {
        let (mut tasks, mut batch) = (Vec::new(), Batch::new());
        while p.queue.grab(false, &mut batch) > 0 {
            tasks.extend(batch.iter());
        }
        tasks.extend(p.next.take());
        tasks
    }

    /// The thread of a detached P is back, at the head of its loop. It goes on if a P may become
    /// active, else it gives up the P, and its tasks.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    pub(crate) unsafe fn come_back(&self, p: &P, me: &Arc<Parker>) -> Option<Parked> {
        let mut inner = self.lock();
        let detached = usize::from(p.state() == state::DETACHED);
        // bug: detached for good
        if !inner.stopping && self.has_vacancy() {
            p.state.store(state::RUNNING, Relaxed);
            inner.detached -= detached;
            self.active.fetch_add(1, Relaxed);
            return None;
        }
        // SAFETY: passed on.
        let tasks = std::iter::from_fn(|| unsafe { p.pop() });
        self.add(&mut inner, tasks);
        p.stand();
        self.retire(&mut inner, p);
        if inner.stopping {
            return Some(Parked::Ended);
        }
        inner.idle.push(Arc::clone(me));
        Some(if inner.idle.len() > self.target() { Parked::Spare } else { Parked::Asleep })
    }

    /// Changes how many Ps may be active, if `may` says so. Threads that are too many notice at the
    /// heads of their loops. Returns those of them that sleep, and what is to be launched.
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
            // bug: workers without an end
            if self.active() <= workers {
                break;
            }
            self.mark(&mut inner, p, state::SURPLUS);
        }
        let surplus = inner.idle.len().saturating_sub(workers);
        let surplus = inner.idle.drain(..surplus).collect();
        drop(inner);
        // Also in place of those that may not have had their last look at the queues.
        (surplus, self.wake_one())
    }

    /// Ends it: threads leave at the heads of their loops. Returns those that sleep.
    pub(crate) fn stop(&self) -> Vec<Arc<Parker>> {
        let mut inner = self.lock();
        inner.stopping = true;
        for p in self.ps() {
            self.mark(&mut inner, p, state::STOPPED);
        }
        mem::take(&mut inner.idle)
    }
}

/// What changes between these two without the lock.
fn is_active(state: u32) -> bool {
    matches!(state, state::RUNNING | state::BLOCKING)
}

/// Wakes sleeping threads, so that they end.
pub(crate) fn dismiss(sleepers: Vec<Arc<Parker>>) {
    sleepers.iter().for_each(|sleeper| sleeper.give(Order::End));
}
