//! M: a thread that runs tasks while it has a P.

use std::{sync::Arc, time::Duration};

use super::{
    context,
    parker::{Order, Parker},
    pin,
    proc::{P, state},
    runq::{Batch, Ready, StealOrder},
    sched::Parked,
    shared::Shared,
    task,
};
use crate::sync::{Relaxed, nap, spin_loop};

/// Every so many polls the global queue goes first.
const GLOBAL: usize = 61;

/// Looks at all other Ps before a thread gives up.
const ROUNDS: usize = 4;

/// Polls in one slice, in case that sysmon does not get to run.
const SLICE: u32 = 10_000;

/// After so long a thread ends that is not needed.
const KEEP: Duration = Duration::from_secs(10);

struct Worker<'a> {
    shared: &'a Arc<Shared>,
    me: Arc<Parker>,
    spins: bool,
    random: u32,
    /// Polls of the slice.
    inherited: u32,
    pin: pin::Pin,
}

/// A thread that begins with this P.
pub(crate) fn main(shared: &Arc<Shared>, p: usize) {
    let _entered = context::enter(shared);
    let mut worker = Worker {
        shared,
        me: Arc::new(Parker::new()),
        spins: true,
        random: p as u32 + 1,
        inherited: 0,
        pin: pin::Pin::default(),
    };
    let mut next = Some(p);
    while let Some(p) = next {
        next = worker.serve(shared.sched.p(p));
    }
    shared.drop_queued();
    shared.worker_ended();
}

impl Worker<'_> {
    /// Runs tasks with this P. Returns the next P, or `None` at the end.
    fn serve(&mut self, p: &P) -> Option<usize> {
        self.pin.to(p.id, &self.shared.config);
        p.sit();
        context::set_p(Some(p));
        let parked = loop {
            if p.state() != state::RUNNING {
                if std::mem::take(&mut self.spins) {
                    self.shared.sched.give_up_spinning();
                }
                // SAFETY: this thread's P.
                match unsafe { self.shared.sched.come_back(p, &self.me) } {
                    Some(parked) => break parked,
                    None => {
                        self.shared.clock.wind();
                        continue;
                    }
                }
            }
            let found = self.find(p);
            if std::mem::take(&mut self.spins) {
                if found.is_some() {
                    self.shared.start(self.shared.sched.stop_to_spin());
                } else {
                    self.spins = true;
                }
            }
            let task = match found {
                Some(task) => task,
                None => match self.park(p) {
                    Parked::Found(task) => task,
                    parked => break parked,
                },
            };
            p.begin_poll();
            task::run(task);
        };
        context::set_p(None);
        self.asleep(parked)
    }

    fn park(&mut self, p: &P) -> Parked {
        p.counts.parks.count();
        // SAFETY: this thread's P.
        let parked = unsafe { self.shared.sched.park(p, &self.me, self.spins) };
        let found = matches!(parked, Parked::Found(_));
        if std::mem::take(&mut self.spins) && found {
            self.shared.start(self.shared.sched.stop_to_spin());
        }
        parked
    }

    /// Sleeps until there is a P.
    fn asleep(&mut self, parked: Parked) -> Option<usize> {
        let limit = match parked {
            Parked::Ended => return None,
            Parked::Spare => Some(KEEP),
            _ => None,
        };
        if let Some(p) = self.shared.sched.look_again(&self.me) {
            self.shared.clock.wind();
            self.spins = true;
            return Some(p);
        }
        loop {
            match self.me.wait(limit) {
                Some(Order::Run(p)) => {
                    self.spins = true;
                    return Some(p);
                }
                Some(Order::End) => return None,
                // Else an order is on its way.
                None if self.shared.sched.end(&self.me) => return None,
                None => spin_loop(),
            }
        }
    }

    /// A task to run: see `rt/mod.rs` for the order of search.
    #[inline]
    fn find(&mut self, p: &P) -> Option<Ready> {
        let sched = &self.shared.sched;
        // bug: global queue without a turn
        if p.tick().polls() % GLOBAL == GLOBAL - 1 {
            if let Some(task) = sched.pop_global() {
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
            sched.pop_batch(p).or_else(|| self.steal(p))
        }
    }

    /// What was next goes to the end of the queue, if it has had its share.
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

    #[cold]
    fn steal(&mut self, p: &P) -> Option<Ready> {
        p.begin_search();
        if !self.spins && !self.shared.sched.start_to_spin() {
            return None;
        }
        self.spins = true;
        for round in 0..ROUNDS {
            let order = StealOrder::new(self.shared.sched.made(), self.random());
            let others = order.filter(|&id| id != p.id);
            for victim in others.filter_map(|id| self.shared.sched.find_p(id)) {
                if victim.state() == state::IDLE {
                    continue;
                }
                let task = self.steal_from(victim, p, round == ROUNDS - 1);
                if task.is_some() {
                    p.counts.steals.count();
                    return task;
                }
            }
        }
        None
    }

    fn steal_from(&mut self, victim: &P, p: &P, last: bool) -> Option<Ready> {
        let mut batch = Batch::new();
        if victim.queue.grab(true, &mut batch) > 0 {
            // SAFETY: this thread's P, whose ring is empty.
            return unsafe { p.queue.keep(&batch) };
        }
        (last && may_take_next(victim)).then(|| victim.next.take()).flatten()
    }

    fn random(&mut self) -> u32 {
        let mut x = self.random;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random = x;
        x
    }
}

/// Whether the task that runs next there had better run here. It is most likely woken by the running
/// one, which is about to wait for it; so only if that goes on and on.
fn may_take_next(victim: &P) -> bool {
    if victim.next.is_empty() || victim.state() != state::RUNNING {
        return !victim.next.is_empty();
    }
    let tick = victim.tick();
    nap();
    // bug: next task not for thieves
    victim.tick() == tick
}
