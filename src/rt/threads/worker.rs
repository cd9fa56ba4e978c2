//! M: a thread that runs tasks while it has a P.

use std::{
    mem,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::{
    affinity::Affinity,
    firing::{fire, fire_all, wake_ready},
    global_turn::{GlobalTurn, Look},
    net_turn::{NetTurn, Queue},
    thread_name::ThreadName,
    timer_turn::TimerTurn,
};
use crate::{
    rt::{
        config::ThreadHook,
        context::current,
        sched::{
            clock::NEVER,
            parker::{Order, Parker},
            proc::{P, state},
            ready::{self, Ready},
            run_queue::{Batch, StealOrder},
            sched::Parked,
            shared::{Shared, enter_again, leave_driver},
            timers::Timers,
            watch::Why,
        },
    },
    sync::{Relaxed, nap, spin_loop},
    util::{panics::catch_and_discard, xorshift},
};

/// How many times a thief visits all other Ps before it gives up. As in Go.
const ROUNDS: usize = 4;

/// The largest number of polls in one slice, in case sysmon does not get to run.
const SLICE: u32 = 10_000;

/// The idle time after which a surplus thread exits.
const KEEP: Duration = Duration::from_secs(10);

struct WorkerLoop<'a> {
    shared: &'a Arc<Shared>,
    /// The timers of `shared` that all workers look at.
    common: &'a Timers,
    me: Arc<Parker>,
    /// The thread is counted as spinning.
    spins: bool,
    /// The state of the random number generator: never 0.
    random: u32,
    /// The number of polls in the current slice.
    inherited: u32,
    turn: GlobalTurn,
    timer_turn: TimerTurn,
    net_turn: NetTurn,
    /// The thread has got its P because a timer is due.
    due: bool,
    /// The wakers of sockets that were ready before the thread got its P.
    ready: Vec<Waker>,
    affinity: Affinity,
    name: ThreadName,
}

/// How a wait in the driver has ended.
enum Driven {
    Order(Order),
    /// A timer is due or a socket is ready, and the thread has this P now.
    Due(usize),
    /// As `Due`, but all Ps are active; or an order is on its way.
    Busy,
}

/// The main function of a worker thread, which begins with the P `p`.
pub(crate) fn main(shared: &Arc<Shared>, p: usize) {
    let _entered = current::enter(shared);
    let mut worker = WorkerLoop {
        shared,
        common: &shared.timers,
        me: Arc::new(Parker::new()),
        spins: true,
        random: p as u32 + 1,
        inherited: 0,
        turn: GlobalTurn::new(),
        timer_turn: TimerTurn::new(),
        net_turn: NetTurn::new(),
        due: false,
        ready: Vec::new(),
        affinity: Affinity::default(),
        name: ThreadName::new(p, &shared.config),
    };
    call(&shared.config.on_thread_start);
    let mut next = Some(p);
    while let Some(p) = next {
        next = worker.serve(shared.sched.p(p));
    }
    shared.drop_left();
    call(&shared.config.on_thread_stop);
    shared.worker_ended();
}

/// Calls a hook of the thread, which may panic.
fn call(hook: &Option<ThreadHook>) {
    if let Some(hook) = hook {
        catch_and_discard(|| hook());
    }
}

/// Drops tasks that have come to a queue after the runtime has ended, on a thread of the process.
pub(crate) fn drop_tasks(shared: &Arc<Shared>) {
    let _entered = current::enter(shared);
    shared.drop_tasks();
    shared.notify_waiters();
}

impl WorkerLoop<'_> {
    /// Runs tasks with the P, and then sleeps. Returns the next P, or `None` if the thread has to
    /// exit.
    fn serve(&mut self, p: &P) -> Option<usize> {
        self.affinity.pin_to(p.id, &self.shared.config);
        self.name.set(p.id, &self.shared.config);
        p.attach_seat();
        current::set_p(Some(p));
        let parked = self.run_tasks(p);
        current::set_p(None);
        self.sleep(parked)
    }

    /// Runs tasks until the thread has given up the P.
    fn run_tasks(&mut self, p: &P) -> Parked {
        if mem::take(&mut self.due) {
            p.begin_firing();
            wake_ready(self.shared, &mut self.ready, Some(p));
            fire_all(self.shared, Some(p));
        }
        loop {
            while p.state() != state::RUNNING {
                if let Some(parked) = self.reattach(p) {
                    return parked;
                }
            }
            match self.find_or_park(p) {
                Parked::Found(task) => {
                    p.begin_poll();
                    ready::run(task);
                }
                parked => return parked,
            }
        }
    }

    /// Makes a detached P active again, or gives it up.
    #[cold]
    fn reattach(&mut self, p: &P) -> Option<Parked> {
        if mem::take(&mut self.spins) {
            self.shared.sched.give_up_spinning();
        }
        // SAFETY: this thread's P.
        let parked = unsafe { self.shared.sched.reattach(p, &self.me) };
        match parked {
            None => self.shared.watch.notify(Why::Work),
            // All Ps that may become active are, so this one may not be used soon.
            Some(_) => self.shared.move_timers(p),
        }
        parked
    }

    /// Finds a task, or else gives up the P.
    #[inline]
    fn find_or_park(&mut self, p: &P) -> Parked {
        match self.find(p) {
            Some(task) => {
                self.stop_spinning();
                Parked::Found(task)
            }
            None => self.park(p),
        }
    }

    /// If the thread spins, subtracts it from `spinning`, because it has found a task.
    #[inline]
    fn stop_spinning(&mut self) {
        if mem::take(&mut self.spins) {
            self.shared.start(self.shared.sched.stop_spinning());
        }
    }

    fn park(&mut self, p: &P) -> Parked {
        p.counts.parks.count();
        // SAFETY: this thread's P.
        let parked = unsafe { self.shared.sched.park(p, &self.me, self.spins) };
        match parked {
            Parked::Found(_) => self.stop_spinning(),
            // `park` has subtracted the thread from `spinning`.
            _ => self.spins = false,
        }
        parked
    }

    /// Sleeps until the thread gets a P. Returns it, or `None` if the thread has to exit.
    fn sleep(&mut self, parked: Parked) -> Option<usize> {
        let limit = match parked {
            Parked::Ended => return None,
            Parked::Spare => Some(KEEP),
            _ => None,
        };
        if let Some(p) = self.shared.sched.look_again(&self.me) {
            self.shared.watch.notify(Why::Work);
            self.spins = true;
            return Some(p);
        }
        let mut drives = self.shared.driver.enter();
        while drives {
            match self.drive() {
                Driven::Order(order) => return self.obey(order),
                Driven::Due(p) => return Some(p),
                Driven::Busy => drives = enter_again(&self.shared.driver, &self.shared.sched),
            }
        }
        loop {
            match self.me.wait(limit) {
                Some(order) => return self.obey(order),
                None if self.shared.sched.end(&self.me) => return None,
                // An order is on its way.
                None => spin_loop(),
            }
        }
    }

    /// Returns the P with which the thread has to run tasks, or `None` if it has to exit.
    fn obey(&mut self, order: Order) -> Option<usize> {
        match order {
            Order::Run(p) => {
                self.spins = true;
                Some(p)
            }
            Order::End => None,
        }
    }

    /// Waits in the driver, and leaves it.
    fn drive(&mut self) -> Driven {
        let (shared, ready) = (self.shared, &mut self.ready);
        let order =
            self.me.drive(&shared.driver, &shared.clock, ready, || shared.first_set_timer());
        let driven = match order {
            Some(order) => Driven::Order(order),
            None => match shared.sched.rise_for_timer(&self.me) {
                Some(p) => Driven::Due(p),
                None => Driven::Busy,
            },
        };
        self.due = matches!(driven, Driven::Due(_));
        // Before wakers are called, which may block.
        leave_driver(&shared.driver, &shared.watch);
        if !self.due {
            // The thread does not know its P yet.
            wake_ready(shared, &mut self.ready, None);
        }
        if matches!(driven, Driven::Busy) {
            fire_all(shared, None);
        }
        driven
    }

    /// Finds a task to run. `rt/mod.rs` describes the order of the search.
    #[inline]
    fn find(&mut self, p: &P) -> Option<Ready> {
        if self.has_timers(p) || self.shared.driver.has_to_be_polled() {
            self.look_around(p);
        }
        // bug: global queue has no turn
        if self.shared.sched.injected() > 0 {
            if let Some(task) = self.take_turn(p) {
                return Some(task);
            }
        }
        // SAFETY: this thread's P.
        unsafe {
            // bug: slice that never ends
            if !p.expired.load(Relaxed) && self.inherited < SLICE {
                if let Some(task) = p.next.take() {
                    self.inherited += 1;
                    return Some(task);
                }
            }
            self.begin_slice(p);
            if let Some(task) = p.pop() {
                return Some(task);
            }
            self.shared.sched.pop_batch(p).or_else(|| self.steal(p))
        }
    }

    /// Whether there are timers that this worker looks at between polls.
    #[inline]
    fn has_timers(&self, p: &P) -> bool {
        p.timers.first() != NEVER || self.common.first() != NEVER
    }

    /// Fires timers that are due, and asks which sockets are ready, if it is time for that.
    #[cold]
    fn look_around(&mut self, p: &P) {
        if let Some(now) = self.timer_turn.look(p.tick().polls(), || self.shared.clock.now()) {
            // A task at the end of a long queue would wait for all others.
            let local = !p.has_work();
            self.fire_own(p, now, local);
            self.poll_between(p, now);
        }
    }

    /// Wakes the tasks whose sockets are ready, if the worker has other tasks and nobody has asked for
    /// long. Without other tasks it asks in `steal`.
    fn poll_between(&mut self, p: &P, now: u64) {
        let shared = self.shared;
        if !shared.driver.has_to_be_polled() || !(p.has_work() || shared.sched.injected() > 0) {
            return;
        }
        let queue = self.net_turn.look(shared.driver.polls(), p.tick().polls(), now);
        let Some(queue) = queue else { return };
        shared.driver.poll_now(&mut self.ready);
        if !self.ready.is_empty() {
            p.begin_firing();
            wake_ready(shared, &mut self.ready, Some(p).filter(|_| queue == Queue::Own));
        }
    }

    /// Fires the timers that this worker looks at, as far as they are due at `now`.
    fn fire_own(&self, p: &P, now: u64, local: bool) {
        for timers in [&*p.timers, self.common] {
            if timers.first() <= now {
                p.begin_firing();
                fire(self.shared, timers, now, Some(p), local);
            }
        }
    }

    /// Takes tasks of the global queue if it has its turn before the P's own tasks. Returns one to
    /// run now.
    #[cold]
    fn take_turn(&mut self, p: &P) -> Option<Ready> {
        match self.turn.look(p.tick().polls(), Instant::now) {
            Look::Nothing => None,
            Look::One => self.shared.sched.pop_global(),
            // SAFETY: this thread's P.
            Look::Batch { most } => unsafe { self.shared.sched.pop_some(p, most) },
        }
    }

    /// Begins a slice. If the last one was used up, the next task goes to the end of the queue.
    #[inline]
    fn begin_slice(&mut self, p: &P) {
        p.slice.store(p.slice.load(Relaxed).wrapping_add(1), Relaxed);
        if p.expired.load(Relaxed) || self.inherited >= SLICE {
            p.expired.store(false, Relaxed);
            if let Some(task) = p.next.take() {
                // SAFETY: this thread's P.
                unsafe { self.shared.push(p, task) };
            }
        }
        self.inherited = 0;
    }

    /// Steals tasks from other Ps. Returns one to run now; the rest is in the queue of `p`.
    #[cold]
    fn steal(&mut self, p: &P) -> Option<Ready> {
        if self.has_timers(p) {
            self.fire_own(p, self.shared.clock.now(), true);
            // SAFETY: this thread's P.
            if let Some(task) = unsafe { p.pop() } {
                return Some(task);
            }
        }
        p.begin_search();
        if !self.spins && !self.shared.sched.start_spinning() {
            return None;
        }
        self.spins = true;
        (0..ROUNDS).find_map(|round| {
            let last = round == ROUNDS - 1;
            let task = if last { self.poll_net(p) } else { None };
            task.or_else(|| self.steal_round(p, last))
        })
    }

    /// Wakes the tasks whose sockets are ready. Returns one of them.
    fn poll_net(&mut self, p: &P) -> Option<Ready> {
        if !self.shared.driver.has_net() {
            return None;
        }
        self.shared.driver.poll_now(&mut self.ready);
        if self.ready.is_empty() {
            return None;
        }
        p.begin_firing();
        wake_ready(self.shared, &mut self.ready, Some(p));
        p.begin_search();
        // SAFETY: this thread's P.
        unsafe { p.pop() }
    }

    /// Visits each of the other Ps once. In the last round, also looks at their timers.
    fn steal_round(&mut self, p: &P, last: bool) -> Option<Ready> {
        let sched = &self.shared.sched;
        let order = StealOrder::new(sched.made(), self.random());
        let others = order.filter(|&id| id != p.id);
        for victim in others.filter_map(|id| sched.find_p(id)) {
            if last && victim.timers.first() != NEVER {
                if let Some(task) = self.steal_timers(victim, p) {
                    return Some(task);
                }
            }
            if victim.state() == state::IDLE {
                continue;
            }
            let task = steal_from(victim, p, last);
            if task.is_some() {
                p.counts.steals.count();
                return task;
            }
        }
        None
    }

    /// Fires the timers of another P that are due. Returns one of the tasks that they wake.
    #[cold]
    fn steal_timers(&self, victim: &P, p: &P) -> Option<Ready> {
        let now = self.shared.clock.now();
        if victim.timers.first() > now {
            return None;
        }
        p.begin_firing();
        fire(self.shared, &victim.timers, now, Some(p), true);
        p.begin_search();
        // SAFETY: this thread's P.
        unsafe { p.pop() }
    }

    fn random(&mut self) -> u32 {
        self.random = xorshift::next(self.random);
        self.random
    }
}

/// Steals half of the victim's queue; or else, in the last round, its next task.
fn steal_from(victim: &P, p: &P, last: bool) -> Option<Ready> {
    let mut batch = Batch::new();
    if victim.queue.grab(true, &mut batch) > 0 {
        // SAFETY: this thread's P, whose ring is empty.
        return unsafe { p.queue.keep(&batch) };
    }
    (last && may_take_next(victim)).then(|| victim.next.take()).flatten()
}

/// Returns whether to steal the task that runs next at the victim. It was most likely woken by the
/// running task, which is about to wait for it. So it is stolen only if that task goes on for some
/// microseconds (as in Go).
fn may_take_next(victim: &P) -> bool {
    if victim.next.is_empty() || victim.state() != state::RUNNING {
        return !victim.next.is_empty();
    }
    let tick = victim.tick();
    nap();
    // bug: thieves never take the next task
    victim.tick() == tick
}
