//! Sysmon: the thread that watches the others. It has no P and polls no tasks, so that nothing that
//! a task does stops it.

use std::{
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::{
    builder::default_workers,
    context,
    proc::{P, Tick, state},
    shared::Shared,
    slice,
};
use crate::{
    collect::schedule as collects,
    sync::{AtomicBool, Relaxed, spin_loop},
    util::panics::catch_and_discard,
};

/// Rounds are so far apart at first, and at last when nothing happens.
const SHORT: Duration = Duration::from_micros(20);
const LONG: Duration = Duration::from_millis(10);

/// Rounds in which nothing happens before they go further apart.
const QUIET: u32 = 50;

/// The processors are counted anew so often.
const RECOUNT: Duration = Duration::from_secs(1);

/// What the stall hook is told: a poll does not return.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The worker's index.
    pub worker: usize,
    /// For how long the poll has lasted at least, as far as was seen.
    pub elapsed: Duration,
    /// Another thread has taken over, since tasks were waiting.
    pub detached: bool,
}

/// What was last seen of a P.
#[derive(Clone, Copy)]
struct Seen {
    tick: Tick,
    /// Since when, or a moment after that.
    since: Instant,
    slice: u32,
    slice_since: Instant,
    /// The hook knows.
    told: bool,
}

pub(crate) fn main(shared: &Arc<Shared>) {
    let _entered = context::enter(shared);
    slice::shorten();
    let mut sysmon = Sysmon {
        shared,
        seen: Vec::new(),
        delay: SHORT,
        quiet: 0,
        pause: LONG,
        recounted: Instant::now(),
    };
    while !shared.is_stopping() {
        sysmon.round();
    }
    // Tasks that wait for a timer are woken, so that they are dropped.
    wake(shared.clock.stop());
}

struct Sysmon<'a> {
    shared: &'a Arc<Shared>,
    seen: Vec<Seen>,
    delay: Duration,
    quiet: u32,
    /// So long at most until the next round: see `watch`.
    pause: Duration,
    recounted: Instant,
}

impl Sysmon<'_> {
    fn round(&mut self) {
        let stands = self.delay == LONG && self.shared.clock.stand(&self.shared.sched);
        let limit = if stands { until_collect() } else { self.delay.min(self.pause) };
        let before = Instant::now();
        let due = self.shared.clock.sleep(limit);
        // Where time does not pass, this lets others run.
        spin_loop();
        if stands {
            self.shared.clock.go_on();
            (self.delay, self.quiet) = (SHORT, 0);
        }
        wake(due);
        let now = Instant::now();
        // bug: patience that overflows
        let overslept = now - before > limit.max(self.patience()).saturating_mul(10);
        let acted = self.watch(now, overslept || stands);
        self.recount(now);
        self.collect();
        self.back_off(acted);
    }

    fn patience(&self) -> Duration {
        self.shared.config.stall_after.unwrap_or(LONG)
    }

    /// How long a poll may last now. Where some are stuck the next ones are likely to be as well, and
    /// tasks behind them have waited already; but not so when many just compute.
    fn limit(&self) -> Duration {
        let sched = &self.shared.sched;
        let detached = sched.lock().detached;
        let few = (1..=4 * sched.target()).contains(&detached);
        if few { self.patience() / 8 } else { self.patience() }
    }

    fn back_off(&mut self, acted: bool) {
        if acted {
            (self.delay, self.quiet) = (SHORT, 0);
        } else {
            self.quiet += 1;
            if self.quiet > QUIET {
                self.delay = (2 * self.delay).min(LONG);
            }
        }
    }

    /// Looks at each P. If sysmon has been asleep for too long itself, as all others may have been,
    /// nothing is to be learnt from what they have not done.
    ///
    /// The next round is at hand when the first of the polls that are under way has lasted too long;
    /// and earlier while tasks wait, so that one that begins meanwhile is not seen late.
    fn watch(&mut self, now: Instant, anew: bool) -> bool {
        let shared = self.shared;
        let (mut acted, limit) = (false, self.limit());
        let mut pause = if self.is_short_of_workers() { self.patience() / 4 } else { LONG };
        for p in shared.sched.ps() {
            let (tick, slice) = (p.tick(), p.slice.load(Relaxed));
            let fresh = Seen { tick, since: now, slice, slice_since: now, told: false };
            if self.seen.len() <= p.id {
                self.seen.push(fresh);
            }
            let seen = &mut self.seen[p.id];
            let same = seen.tick == tick;
            // Read once: what is idle by the time of a second look must not be detached.
            let state = p.state();
            if anew || state == state::IDLE {
                *seen = fresh;
                continue;
            }
            if !same {
                (seen.tick, seen.since, seen.told) = (tick, now, false);
            }
            if seen.slice != slice {
                (seen.slice, seen.slice_since) = (slice, now);
            }
            let mut seen = *seen;
            let polls = tick.is_poll();
            // bug: idle worker found stuck
            acted |= self.look(p, state, (same && polls).then_some(limit), now, &mut seen);
            if polls && state == state::RUNNING && !seen.told {
                pause = pause.min(limit.saturating_sub(now - seen.since));
            }
            self.seen[p.id] = seen;
        }
        self.pause = pause.max(SHORT);
        self.help();
        acted
    }

    /// Tasks wait, and no other P may become active for them.
    fn is_short_of_workers(&self) -> bool {
        let sched = &self.shared.sched;
        let replaces = self.shared.config.stall_after.is_some();
        replaces && !sched.has_vacancy() && (sched.injected() > 0 || sched.ps().any(P::has_work))
    }

    /// Tasks wait, and somebody could run them: as a rule somebody has been woken already.
    fn help(&self) {
        let sched = &self.shared.sched;
        if sched.injected() > 0 && sched.wants_wake() {
            self.shared.wake_one();
        }
    }

    /// Looks at one P. If it has been at the same poll since the last round, there is a limit.
    fn look(
        &self,
        p: &P,
        state: u32,
        limit: Option<Duration>,
        now: Instant,
        seen: &mut Seen,
    ) -> bool {
        let (shared, sched) = (self.shared, &self.shared.sched);
        if state >= state::DETACHED {
            // What it has pushed before it knew.
            let tasks = sched.drain(p);
            let any = !tasks.is_empty();
            if any {
                shared.inject_all(tasks);
            }
            return any;
        }
        if now - seen.slice_since >= LONG && p.has_work() {
            p.expired.store(true, Relaxed);
        }
        let Some(limit) = limit else { return false };
        let elapsed = now - seen.since;
        let stalls = elapsed >= limit;
        let mut detached = false;
        if p.has_work() && sched.wants_wake() {
            // Another can still come for it.
            shared.wake_one();
        } else if self.has_to_be_replaced(p, stalls, state) {
            let launch = sched.replace(p, state);
            detached = launch.is_some();
            shared.start(launch);
        }
        if (stalls || detached) && state == state::RUNNING && !seen.told {
            seen.told = true;
            shared.stalls.add(1);
            self.tell(&Stall { worker: p.id, elapsed, detached });
        }
        detached
    }

    /// Tasks wait, and nobody else will come for them. A thread that spins would have taken them long
    /// before a poll stalls, if it ran.
    fn has_to_be_replaced(&self, p: &P, stalls: bool, state: u32) -> bool {
        let sched = &self.shared.sched;
        let waiting = p.has_work() || sched.injected() > 0 && (stalls || sched.spinning() == 0);
        let late = stalls || state == state::BLOCKING;
        self.shared.config.stall_after.is_some() && late && waiting && !sched.has_vacancy()
    }

    fn tell(&self, stall: &Stall) {
        if let Some(hook) = &self.shared.config.on_stall {
            catch_and_discard(|| hook(stall));
        }
    }

    /// Follows the number of processors, unless the number of workers was chosen by hand.
    fn recount(&mut self, now: Instant) {
        if now - self.recounted < RECOUNT {
            return;
        }
        self.recounted = now;
        let workers = default_workers().min(self.shared.sched.max_threads());
        if !self.shared.by_hand.load(Relaxed) && workers != self.shared.sched.target() {
            self.shared.resize(workers);
        }
    }

    /// A collect runs destructors, which may do anything: so it is a task. It is the task that takes
    /// the request, and not before it runs: if it is dropped instead, the request is left to others.
    fn collect(&self) {
        // bug: one collect after the other, each a task
        if self.shared.collecting.load(Relaxed) || !collects::monitor_tick() {
            return;
        }
        let under_way = UnderWay::begin(&self.shared.collecting);
        let collect = async move {
            let _under_way = under_way;
            // bug: collect lost with its task
            super::blocking(collects::run_if_requested);
        };
        drop(super::spawn_on(self.shared, collect));
    }
}

/// The one task that collects, until it is dropped, run or not.
struct UnderWay(Arc<AtomicBool>);

impl UnderWay {
    fn begin(flag: &Arc<AtomicBool>) -> Self {
        flag.store(true, Relaxed);
        Self(Arc::clone(flag))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // bug: collect under way for ever
        self.0.store(false, Relaxed);
    }
}

/// How long a runtime that has nothing to do may sleep. Somebody may change what it goes by.
fn until_collect() -> Duration {
    collects::remaining().unwrap_or(Duration::MAX).clamp(LONG, Duration::from_secs(60))
}

/// Wakers are other people's code.
fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        catch_and_discard(|| waker.wake());
    }
}
