//! The state that the threads of a runtime share.

use std::{
    collections::{HashMap, VecDeque},
    fmt, mem,
    sync::{Arc, Weak},
    task::Waker,
};

use super::{
    clock::{Clock, NEVER},
    driver::Driver,
    owned::Outside,
    parker::Order,
    proc::{P, state},
    ready::{Ready, Runnable},
    run_queue::Batch,
    sched::{Launch, Sched, dismiss},
    thread_of,
    timers::{Stopped, Timer, Timers, first_set},
    watch::{Watch, Why},
};
use crate::{
    rt::config::{Config, Stall},
    sync::{self, AtomicBool, Condvar, Mutex, Relaxed, SeqCst, Thread, fence, lock::lock},
    trace,
    util::{
        counter::Counter,
        panics::{catch_and_discard, wake_all},
    },
};

pub(crate) struct Shared {
    /// The number of the runtime, from 1 on.
    pub(crate) id: u64,
    pub(crate) sched: Sched,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    /// The timers that were set elsewhere than on a worker, and those of Ps that are not used.
    pub(crate) timers: Arc<Timers>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) watch: Watch,
    pub(crate) joiners: Joiners,
    /// The unfinished tasks that were spawned elsewhere than on a worker.
    pub(crate) outside: Outside,
    /// The number of tasks that were spawned elsewhere than on a worker.
    pub(crate) spawned: Counter,
    /// The number of tasks that ended elsewhere than on a worker.
    pub(crate) finished: Counter,
    /// The number of tasks that have panicked.
    pub(crate) panics: Counter,
    /// The number of polls that sysmon has found stuck.
    pub(crate) stalls: Counter,
    /// The user has set the number of workers.
    pub(crate) by_hand: AtomicBool,
    /// There is a task that collects, which sysmon has spawned. Set by sysmon, cleared by the drop
    /// of the task.
    pub(crate) collecting: Arc<AtomicBool>,
    pub(super) mains: Mains,
    pub(super) threads: Mutex<Threads>,
    /// Notified when a thread has ended, and when there is a task to drop.
    pub(super) ended: Condvar,
    me: Weak<Self>,
}

/// The main functions of the threads. They are passed in, since this file cannot import theirs:
/// those import this one.
#[derive(Clone, Copy)]
pub(crate) struct Mains {
    /// A worker, which begins with this P.
    pub(crate) worker: fn(&Arc<Shared>, usize),
    pub(crate) sysmon: fn(&Arc<Shared>),
    /// Drops tasks, on another thread than those of the runtime.
    pub(crate) reaper: fn(&Arc<Shared>),
}

#[derive(Default)]
pub(super) struct Threads {
    /// Threads that have not been joined yet.
    pub(super) handles: Vec<Thread>,
    /// Sysmon runs.
    pub(super) sysmon: bool,
    /// A thread runs that calls the hook for stalls.
    pub(super) reporter: bool,
    /// The stalls that are to be reported.
    reports: VecDeque<Stall>,
}

impl Shared {
    pub(crate) fn new(id: u64, config: Config, mains: Mains, me: Weak<Self>) -> Self {
        Self {
            id,
            sched: Sched::new(config.workers, config.max_threads, config.max_blocking_threads),
            clock: Clock::new(),
            timers: Arc::new(Timers::new()),
            driver: Arc::new(Driver::new()),
            watch: Watch::new(),
            joiners: Joiners::default(),
            outside: Outside::new(),
            spawned: Counter::default(),
            finished: Counter::default(),
            panics: Counter::default(),
            stalls: Counter::default(),
            by_hand: AtomicBool::new(config.by_hand),
            collecting: Arc::new(AtomicBool::new(false)),
            mains,
            threads: Mutex::default(),
            ended: Condvar::new(),
            me,
            config,
        }
    }

    pub(crate) fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("the caller borrows this `Arc`")
    }

    /// The number of tasks that have ended.
    pub(crate) fn finished(&self) -> u64 {
        self.sched.ps().map(|p| p.counts.finished.get()).sum::<u64>() + self.finished.get()
    }

    /// Queues a task that was woken by the worker with the P `p`. A task that `yields` goes to the
    /// end of the worker's queue.
    #[inline]
    pub(crate) fn schedule(&self, p: &P, task: Runnable, yields: bool) {
        let state = p.state();
        if state != state::RUNNING {
            return self.schedule_while_blocking(p, task, state);
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
            // The P was detached, perhaps long ago if the system had stopped this thread since.
            // Sysmon might not look at the P again, so its next task is moved here.
            self.inject_all(p.next.take());
        }
    }

    /// As `schedule`, for a thread inside `blocking`, or one that was replaced.
    #[cold]
    fn schedule_while_blocking(&self, p: &P, task: Runnable, state: u32) {
        if state >= state::DETACHED {
            return self.inject(task);
        }
        if let Some(before) = p.next.put(task.into_raw()) {
            // SAFETY: the caller's P.
            unsafe { self.push(p, before) };
        }
        if p.state() >= state::DETACHED {
            self.inject_all(p.next.take());
        }
        self.wake();
        // Sysmon does not watch a call that blocks beside nothing.
        // bug: task behind a blocking call unwatched
        self.watch.notify(Why::Work);
    }

    /// As `schedule`, for a task that was spawned. The task does not wait for the end of its
    /// spawner's poll: another thread is woken for it.
    #[inline]
    pub(crate) fn schedule_new(&self, p: &P, task: Runnable) {
        p.counts.spawned.count();
        self.schedule(p, task, false);
        self.wake();
    }

    /// Pushes a task to the worker's own queue. If that is full, the task and half of the queue go
    /// to the global one.
    ///
    /// # Safety
    ///
    /// The caller has the P.
    #[inline]
    pub(crate) unsafe fn push(&self, p: &P, task: Ready) {
        // SAFETY: passed on.
        if let Err(task) = unsafe { p.queue.push(task) } {
            self.overflow(p, task);
        }
    }

    #[cold]
    fn overflow(&self, p: &P, task: Ready) {
        let mut batch = Batch::new();
        p.queue.grab(true, &mut batch);
        let tasks: Vec<_> = batch.iter().chain([task]).collect();
        self.inject_all(tasks);
    }

    /// Wakes a thread if one is needed.
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

    /// Queues a task that was spawned by another thread than a worker. If the runtime is stopping,
    /// returns the task, which is to be dropped.
    pub(crate) fn submit(&self, task: Runnable) -> Option<Ready> {
        match self.sched.inject([task.into_raw()]) {
            Ok(launch) => self.start_or_watch(launch),
            Err([late]) => return Some(late),
        }
        None
    }

    /// Queues a task that was woken by another thread than a worker.
    pub(crate) fn inject(&self, task: Runnable) {
        self.inject_all([task.into_raw()]);
    }

    pub(crate) fn inject_all(&self, tasks: impl IntoIterator<Item = Ready>) {
        match self.sched.inject(tasks) {
            Ok(launch) => self.start_or_watch(launch),
            // bug: late task dropped by its waker
            Err(late) => self.drop_later(late),
        }
    }

    /// As `start`. If there is no launch, the task may wait for a call that blocks beside nothing.
    fn start_or_watch(&self, launch: Option<Launch>) {
        if launch.is_none() {
            // bug: task from outside unwatched
            self.watch.notify(Why::Work);
        }
        self.start(launch);
    }

    /// Carries out `launch`: wakes its thread, or starts a new one for its P.
    pub(crate) fn start(&self, launch: Option<Launch>) {
        let Some(launch) = launch else { return };
        self.watch.notify(Why::Work);
        match &launch.on {
            Some(sleeper) => sleeper.give(Order::Run(launch.p)),
            None => {
                // If that fails, the tasks wait for the existing threads. Sysmon tries again.
                let _ = self.start_worker(&launch);
            }
        }
    }

    /// Starts a thread for a P.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it does not start the thread. The P is then free again.
    pub(crate) fn start_worker(&self, launch: &Launch) -> std::io::Result<()> {
        let (shared, main, p) = (self.arc(), self.mains.worker, launch.p);
        let stack = self.config.stack_size;
        self.start_thread(p.to_string(), stack, move || main(&shared, p)).inspect_err(|_| {
            self.sched.give_up(launch);
            self.notify_waiters();
        })
    }

    pub(crate) fn start_sysmon(&self) -> std::io::Result<()> {
        let (shared, main) = (self.arc(), self.mains.sysmon);
        lock(&self.threads).sysmon = true;
        let main = move || {
            main(&shared);
            lock(&shared.threads).sysmon = false;
            shared.ended.notify_all();
        };
        self.start_thread("sysmon".into(), None, main)
            .inspect_err(|_| lock(&self.threads).sysmon = false)
    }

    /// Emits an event for a stall and calls the hook, on a thread that is started for that unless there is
    /// one: the hook may take its time.
    pub(crate) fn report(&self, stall: Stall) {
        let hook = self.config.on_stall.clone();
        // bug: no event for a stall without a hook
        if hook.is_none() && !trace::REPORTS_STALLS {
            return;
        }
        {
            let mut threads = lock(&self.threads);
            threads.reports.push_back(stall);
            if mem::replace(&mut threads.reporter, true) {
                return;
            }
        }
        let shared = self.arc();
        let main = move || {
            while let Some(stall) = shared.next_report() {
                let Stall { thread, task, worker, elapsed, detached } = &stall;
                trace::stalled(thread, *task, *worker, *elapsed, *detached);
                hook.iter().for_each(|hook| catch_and_discard(|| hook(&stall)));
            }
            shared.ended.notify_all();
        };
        if self.start_thread("hooks".into(), None, main).is_err() {
            // The next report tries again.
            lock(&self.threads).reporter = false;
        }
    }

    /// Returns the next stall to report; or `None`, and the thread ends.
    fn next_report(&self) -> Option<Stall> {
        let mut threads = lock(&self.threads);
        let next = threads.reports.pop_front();
        threads.reporter = next.is_some();
        next
    }

    fn start_thread(
        &self,
        name: String,
        stack: Option<usize>,
        main: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let mut threads = lock(&self.threads);
        threads.handles.retain(|handle| !sync::has_ended(handle));
        let id = self.id;
        let main = move || {
            thread_of::set(id);
            main();
        };
        let name = format!("{}-{name}", self.config.thread_name);
        let handle = sync::start_thread(name, stack, main)?;
        threads.handles.push(handle);
        Ok(())
    }

    /// Called by a worker that exits.
    pub(crate) fn worker_ended(&self) {
        self.sched.ended();
        self.notify_waiters();
    }

    /// Wakes the threads that are inside `wait`, because the number of threads has changed.
    pub(crate) fn notify_waiters(&self) {
        // Taking the lock waits for a thread that is between its check and its wait.
        drop(lock(&self.threads));
        self.ended.notify_all();
    }

    /// Sets a timer on the P of the calling thread, which is `p` if the thread is a worker of this
    /// runtime.
    ///
    /// # Errors
    ///
    /// Returns [`Stopped`] if the runtime has stopped.
    pub(crate) fn set_timer(
        &self,
        p: Option<&P>,
        at: u64,
        waker: &Waker,
    ) -> Result<Arc<Timer>, Stopped> {
        // The worker looks at its timers when its poll ends.
        let own = p.filter(|p| p.state() == state::RUNNING);
        let timers = own.map_or(&self.timers, |p| &p.timers);
        let (timer, first) = timers.set(at, waker)?;
        if first {
            hurry(&self.driver, &self.watch, at);
        }
        Ok(timer)
    }

    /// The timers of each P, and the others.
    pub(crate) fn all_timers(&self) -> impl Iterator<Item = &Arc<Timers>> {
        self.sched.ps().map(|p| &p.timers).chain([&self.timers])
    }

    /// When the first timer is due.
    pub(crate) fn first_timer(&self) -> u64 {
        self.all_timers().map(|timers| timers.first()).min().unwrap_or(NEVER)
    }

    /// As `first_timer`, without those that were cancelled.
    pub(crate) fn first_set_timer(&self) -> u64 {
        first_set(|| self.all_timers())
    }

    /// Moves the timers of a P that may not be used soon to those that all workers look at.
    pub(crate) fn move_timers(&self, p: &P) {
        let (first, stopped) = p.timers.move_to(&self.timers);
        wake_all(stopped);
        if first {
            hurry(&self.driver, &self.watch, self.timers.first());
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.sched.lock().stopping
    }

    /// Changes the number of workers, unless the user has set it.
    pub(crate) fn resize(&self, workers: usize) {
        self.resize_if(workers, || !self.by_hand.load(Relaxed));
    }

    /// Changes the number of workers for the user.
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
        // There may be fewer Ps in use from now on.
        self.sched.ps().filter(|p| p.state() == state::IDLE).for_each(|p| self.move_timers(p));
    }
}

/// Tells the thread in the driver, or else sysmon, that a timer for `at` was set, which is the first
/// of its P.
pub(crate) fn hurry(driver: &Driver, watch: &Watch, at: u64) {
    // Pairs with the fences in `Driver::begin_wait` and `Watch::try_idle`.
    // bug: timer set without a fence
    fence(SeqCst);
    if !driver.hurry(at) {
        watch.hurry(at);
    }
}

/// Leaves the driver. From now on sysmon takes care of timers and sockets.
pub(crate) fn leave_driver(driver: &Driver, watch: &Watch) {
    driver.leave();
    // The fence in it pairs with those in `Watch::try_idle` and `Sched::look_again`.
    // bug: timers without a thread in the driver unwatched
    watch.notify(Why::Timer);
}

/// Enters the driver again, after `leave_driver`, if a P is idle. Returns whether the calling thread is
/// in it now.
///
/// A thread that parks before the driver is left finds it occupied, and sleeps elsewhere. But then this
/// thread sees that a P is idle: so the driver is not empty while all threads sleep. Later ones find it
/// empty.
pub(crate) fn enter_again(driver: &Driver, sched: &Sched) -> bool {
    // bug: driver empty while all threads sleep
    sched.has_vacancy() && driver.enter()
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("id", &self.id).field("sched", &self.sched).finish()
    }
}

/// The wakers of those that await tasks elsewhere than on a worker. They are woken when the runtime
/// stops.
#[derive(Default)]
pub(crate) struct Joiners(Mutex<(u64, HashMap<u64, Waker>)>);

impl Joiners {
    /// Inserts a waker under `number`, or under a new number if that is 0.
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

    /// Frees room that the wakers do not need.
    pub(super) fn trim(&self) {
        let wakers = &mut lock(&self.0).1;
        wakers.shrink_to(2 * wakers.len());
    }

    pub(super) fn wake_all(&self) {
        let wakers = std::mem::take(&mut lock(&self.0).1);
        wake_all(wakers.into_values());
    }
}
