//! What the threads of a runtime share.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Weak},
    task::Waker,
    time::{Duration, Instant},
};

use super::{
    builder::Config,
    clock::Clock,
    context, grave,
    metrics::Metrics,
    parker::Order,
    proc::{P, state},
    sched::{Launch, Sched, dismiss},
    task::{self, Runnable},
    worker,
};
use crate::{
    sync::{self, AtomicBool, Condvar, Mutex, Relaxed, Thread, lock::lock, wait_timeout},
    util::{counters::Counter, panics::catch_and_discard},
};

pub(crate) struct Shared {
    pub(crate) id: u64,
    pub(crate) sched: Sched,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) joiners: Joiners,
    /// Tasks that were spawned, and that ended, elsewhere than on a worker.
    pub(crate) spawned: Counter,
    pub(crate) finished: Counter,
    /// Polls that sysmon has found stuck.
    pub(crate) stalls: Counter,
    /// The number of workers was chosen by hand.
    pub(crate) by_hand: AtomicBool,
    /// A task of sysmon's is to collect. Set by sysmon, cleared when the task goes.
    pub(crate) collecting: Arc<AtomicBool>,
    threads: Mutex<Threads>,
    /// A thread has ended.
    ended: Condvar,
    me: Weak<Self>,
}

#[derive(Default)]
struct Threads {
    /// To be joined, once they have ended.
    handles: Vec<Thread>,
    named: usize,
    sysmon: bool,
}

impl Shared {
    pub(crate) fn new(id: u64, config: Config, me: Weak<Self>) -> Self {
        Self {
            id,
            sched: Sched::new(config.workers, config.max_threads),
            clock: Clock::new(),
            joiners: Joiners::default(),
            spawned: Counter::default(),
            finished: Counter::default(),
            stalls: Counter::default(),
            by_hand: AtomicBool::new(config.by_hand),
            collecting: Arc::new(AtomicBool::new(false)),
            threads: Mutex::default(),
            ended: Condvar::new(),
            me,
            config,
        }
    }

    pub(crate) fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("it is borrowed")
    }

    /// A task that was spawned or woken by the worker with this P.
    #[inline]
    pub(crate) fn schedule(&self, p: &P, task: Runnable, yields: bool) {
        if p.state() >= state::DETACHED {
            return self.inject(task);
        }
        let task = task.into_raw();
        if yields {
            // SAFETY: the caller's P.
            return unsafe { self.push(p, task) };
        }
        if let Some(before) = p.next.put(task) {
            // SAFETY: the caller's P.
            unsafe { self.push(p, before) };
            self.wake();
        } else if p.state() >= state::DETACHED {
            // Just now, or before this thread was stopped on its way: sysmon may not look any more.
            self.inject_all(p.next.take());
        }
    }

    /// As `schedule`, of a new task. It does not wait for the spawner to be done: another thread is
    /// woken for it.
    #[inline]
    pub(crate) fn spawned(&self, p: &P, task: Runnable) {
        p.counts.spawned.count();
        self.schedule(p, task, false);
        self.wake();
    }

    /// Puts a task at the end of the worker's own queue, or half of that into the global one.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    #[inline]
    pub(crate) unsafe fn push(&self, p: &P, task: super::runq::Ready) {
        // SAFETY: passed on.
        if let Err(task) = unsafe { p.queue.push(task) } {
            self.overflow(p, task);
        }
    }

    #[cold]
    fn overflow(&self, p: &P, task: super::runq::Ready) {
        let mut batch = super::runq::Batch::new();
        p.queue.grab(true, &mut batch);
        let tasks: Vec<_> = batch.iter().chain([task]).collect();
        self.inject_all(tasks);
    }

    /// Wakes a thread, if there is one to wake.
    #[inline]
    pub(crate) fn wake(&self) {
        if self.sched.wants_wake() {
            self.wake_one();
        }
    }

    #[cold]
    pub(crate) fn wake_one(&self) {
        self.start(self.sched.wake_one());
    }

    /// A task that was spawned elsewhere. If it is too late it is dropped here, as other arguments are.
    pub(crate) fn submit(&self, task: Runnable) {
        match self.sched.inject([task.into_raw()]) {
            Ok(launch) => self.start(launch),
            Err(late) => late.into_iter().for_each(task::cancel),
        }
    }

    /// A task that was woken elsewhere.
    pub(crate) fn inject(&self, task: Runnable) {
        self.inject_all([task.into_raw()]);
    }

    pub(crate) fn inject_all(&self, tasks: impl IntoIterator<Item = super::runq::Ready>) {
        match self.sched.inject(tasks) {
            Ok(launch) => self.start(launch),
            // bug: late task dropped by its waker
            Err(late) => grave::bury(late),
        }
    }

    /// Drops the tasks that were queued when the runtime stopped, also behind polls that go on.
    /// What that wakes goes its own way, so that it is not one drop within the other: they would be
    /// too many for a stack.
    pub(crate) fn drop_queued(&self) {
        if self.is_stopping() {
            self.sched.clear().into_iter().for_each(task::cancel);
            self.sched.ps().flat_map(|p| self.sched.drain(p)).for_each(task::cancel);
        }
    }

    /// Has a P run.
    pub(crate) fn start(&self, launch: Option<Launch>) {
        let Some(launch) = launch else { return };
        self.clock.wind();
        match &launch.on {
            Some(sleeper) => sleeper.give(Order::Run(launch.p)),
            None => {
                // Without a thread the tasks wait for those that there are. Sysmon tries again.
                let _ = self.start_worker(&launch);
            }
        }
    }

    /// A new thread for a P.
    ///
    /// # Errors
    ///
    /// If the system refuses. The P is free again then.
    pub(crate) fn start_worker(&self, launch: &Launch) -> std::io::Result<()> {
        let (shared, p) = (self.arc(), launch.p);
        self.start_thread(None, move || worker::main(&shared, p)).inspect_err(|_| {
            self.sched.give_up(launch);
            self.tell_who_waits();
        })
    }

    pub(crate) fn start_sysmon(&self) -> std::io::Result<()> {
        let shared = self.arc();
        lock(&self.threads).sysmon = true;
        let main = move || {
            super::sysmon::main(&shared);
            lock(&shared.threads).sysmon = false;
            shared.ended.notify_all();
        };
        self.start_thread(Some("sysmon"), main).inspect_err(|_| lock(&self.threads).sysmon = false)
    }

    fn start_thread(
        &self,
        name: Option<&str>,
        main: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let mut threads = lock(&self.threads);
        threads.handles.retain(|handle| !sync::has_ended(handle));
        let (number, id) = (threads.named, self.id);
        let name = name.map_or_else(|| number.to_string(), str::to_owned);
        let main = move || {
            context::become_thread_of(id);
            main();
        };
        let handle = sync::start_thread(format!("{}-{name}", self.config.thread_name), main)?;
        threads.named += 1;
        threads.handles.push(handle);
        Ok(())
    }

    /// The end of a worker.
    pub(crate) fn worker_ended(&self) {
        self.sched.ended();
        self.tell_who_waits();
    }

    /// There are fewer threads to be waited for.
    fn tell_who_waits(&self) {
        // So that nobody is between a look and a wait.
        drop(lock(&self.threads));
        self.ended.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.sched.lock().stopping
    }

    /// Changes the number of workers, unless somebody has chosen one by hand.
    pub(crate) fn resize(&self, workers: usize) {
        self.resize_if(workers, || !self.by_hand.load(Relaxed));
    }

    /// Changes the number of workers, by hand.
    pub(crate) fn set_workers(&self, workers: usize) {
        self.resize_if(workers, || {
            self.by_hand.store(true, Relaxed);
            true
        });
    }

    fn resize_if(&self, workers: usize, may: impl FnOnce() -> bool) {
        let (surplus, launch) = self.sched.resize(workers, may);
        dismiss(surplus);
        self.start(launch);
    }

    /// Stops all threads, drops the tasks that are queued, and waits for the threads: so long, or for
    /// ever, but not for those that are detached. Returns whether all have ended.
    pub(crate) fn shut_down(&self, limit: Option<Duration>) -> bool {
        dismiss(self.sched.stop());
        self.clock.ring();
        self.joiners.wake_all();
        self.drop_queued();
        // No thread waits for itself.
        if context::is_thread_of(self.id) {
            return false;
        }
        let all = self.wait(limit.and_then(|limit| Instant::now().checked_add(limit)));
        self.drop_queued();
        all
    }

    fn wait(&self, until: Option<Instant>) -> bool {
        let mut threads = lock(&self.threads);
        let all = loop {
            let (running, detached) = {
                let inner = self.sched.lock();
                (inner.threads, inner.detached)
            };
            if running <= detached && !threads.sysmon {
                break running == 0;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break false;
            }
            threads = wait_timeout(&self.ended, threads, left).0;
        };
        // They have nothing left to do but to go.
        let ended = if all { std::mem::take(&mut threads.handles) } else { Vec::new() };
        drop(threads);
        ended.into_iter().for_each(|handle| drop(handle.join()));
        all
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::of(self)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("id", &self.id).field("sched", &self.sched).finish()
    }
}

/// Who waits for tasks without being a worker: they are woken when the runtime stops.
#[derive(Default)]
pub(crate) struct Joiners(Mutex<(u64, HashMap<u64, Waker>)>);

impl Joiners {
    /// Enters a waker, under a new number if this one is 0.
    pub(crate) fn insert(&self, number: &mut u64, waker: &Waker) {
        let waker = waker.clone();
        let mut joiners = lock(&self.0);
        let (last, wakers) = &mut *joiners;
        if *number == 0 {
            *last += 1;
            *number = *last;
        }
        let before = wakers.insert(*number, waker);
        drop(joiners);
        drop(before);
    }

    pub(crate) fn remove(&self, number: u64) {
        let waker = lock(&self.0).1.remove(&number);
        drop(waker);
    }

    fn wake_all(&self) {
        let wakers = std::mem::take(&mut lock(&self.0).1);
        for waker in wakers.into_values() {
            // Those that panic do not keep it from the others.
            catch_and_discard(|| waker.wake());
        }
    }
}
