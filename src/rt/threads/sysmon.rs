//! Sysmon: the thread that watches the workers. It has no P and polls no tasks, so no task can stop
//! it. After Go's `sysmon` in proc.go.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    firing::{fire_all, wake_ready},
    timeslice,
};
use crate::{
    collect::{collect_thread::Monitor, poll, schedule},
    rt::{
        config::{Stall, default_workers},
        context::current,
        sched::{
            clock::NEVER,
            proc::{P, Tick, state},
            shared::Shared,
            watch::Why,
        },
        task::{blocking::blocking, spawn::spawn_on},
    },
    sync::{AtomicBool, Relaxed, spin_loop, test_size},
};

/// The shortest time between two rounds.
const SHORT: Duration = Duration::from_micros(20);

/// The longest time between two rounds while a P is active. Also how long a slice may last.
const LONG: Duration = Duration::from_millis(10);

/// The number of rounds without a change after which the time between rounds grows.
const QUIET: u32 = 50;

/// How many tasks end before the lists of tasks are trimmed.
const TRIM: u64 = test_size(1000, 1) as u64;

/// How often the processors are counted again.
const RECOUNT: Duration = Duration::from_secs(1);

/// The number of rounds without a poll after which sysmon may be idle: more than one, since a task
/// that ticks every 10 ms may do so just after the first.
const RESTS: u32 = 2;

/// How long after a timer was due sysmon fires it, if workers run.
const GRACE: Duration = Duration::from_millis(2);

/// What sysmon saw of a P in the last round.
#[derive(Clone, Copy)]
struct Seen {
    tick: Tick,
    /// When `tick` was first seen.
    since: Instant,
    slice: u32,
    /// When `slice` was first seen.
    slice_since: Instant,
    /// The stall of this poll has been reported.
    reported: bool,
}

impl Seen {
    /// Observes `p`, at the moment `now`.
    fn new(p: &P, now: Instant) -> Self {
        let (tick, slice) = (p.tick(), p.slice.load(Relaxed));
        Self { tick, since: now, slice, slice_since: now, reported: false }
    }

    /// Takes over the changes of a later observation. Returns whether the P is still at the same
    /// tick.
    fn update(&mut self, fresh: Self) -> bool {
        let same = self.tick == fresh.tick;
        if !same {
            (self.tick, self.since, self.reported) = (fresh.tick, fresh.since, false);
        }
        if self.slice != fresh.slice {
            (self.slice, self.slice_since) = (fresh.slice, fresh.slice_since);
        }
        same
    }
}

/// The main function of sysmon.
pub(crate) fn main(shared: &Arc<Shared>) {
    let _entered = current::enter(shared);
    timeslice::request_short_slice();
    let _monitor = Monitor::new();
    let mut sysmon = Sysmon {
        shared,
        seen: Vec::new(),
        delay: SHORT,
        quiet: 0,
        rests: 0,
        polls: 0,
        polled: Instant::now(),
        pause: LONG,
        recounted: Instant::now(),
        finished: 0,
    };
    while !shared.is_stopping() {
        sysmon.round();
    }
    shared.stop_timers();
    // And those that wait for a socket.
    // bug: end leaves those that wait for sockets
    #[cfg(feature = "net")]
    shared.driver.net().end();
    shared.end_tasks();
}

struct Sysmon<'a> {
    shared: &'a Arc<Shared>,
    /// By the ids of the Ps.
    seen: Vec<Seen>,
    /// The time between two rounds, which grows while nothing changes.
    delay: Duration,
    /// The number of rounds since the last change.
    quiet: u32,
    /// The number of rounds since a P has begun a poll, up to `RESTS`.
    rests: u32,
    /// How often threads had polled, and since when that has been so.
    polls: usize,
    polled: Instant,
    /// An upper bound of the time until the next round: see `watch`.
    pause: Duration,
    /// When the processors were counted last.
    recounted: Instant,
    /// How many tasks had ended when the lists of tasks were trimmed last.
    finished: u64,
}

impl Sysmon<'_> {
    /// Sleeps, and then does all that is due.
    fn round(&mut self) {
        let (shared, sched) = (self.shared, &self.shared.sched);
        let idle = self.delay == LONG
            && self.rests == RESTS
            && shared.watch.try_idle(|| sched.is_quiet() && !shared.driver.has_to_be_polled());
        if idle {
            self.trim();
        }
        let limit = if idle { until_collect() } else { self.delay.min(self.pause) };
        let (why, overslept) = shared.watch.sleep(self.until_timer(limit, idle));
        // In schedules, where time does not pass, this lets others run.
        spin_loop();
        if idle {
            shared.watch.end_idle();
            // bug: sysmon looks often after a timer
            let work = why == Some(Why::Work);
            (self.delay, self.quiet) = if work { (SHORT, 0) } else { (LONG, QUIET) };
        }
        self.fire_late();
        let now = Instant::now();
        self.poll_late(now);
        self.forgive(overslept);
        let acted = self.watch(now, idle);
        self.recount(now);
        self.collect();
        self.back_off(acted);
    }

    /// Returns how long to sleep: `limit`, or until sysmon has to fire a timer. An idle sysmon also
    /// tells those that set timers.
    fn until_timer(&self, limit: Duration, idle: bool) -> Duration {
        let shared = self.shared;
        let limit = match shared.clock.until(self.next_timer()) {
            Some(until) => until.min(limit),
            None => limit,
        };
        if idle {
            shared.watch.idle_until(shared.clock.after(limit));
        }
        limit
    }

    /// When sysmon has to fire a timer: soon after it was due, if a worker could have fired it
    /// between its polls; never, if a thread in the driver will.
    fn next_timer(&self) -> u64 {
        let shared = self.shared;
        if shared.driver.is_occupied() {
            return NEVER;
        }
        let first = shared.first_timer();
        let runs = shared.sched.ps().any(|p| p.watched_state() == state::RUNNING);
        let grace = if runs { GRACE.as_nanos() as u64 } else { 0 };
        first.saturating_add(grace)
    }

    /// Wakes the tasks whose sockets are ready, if nobody has polled for long.
    fn poll_late(&mut self, now: Instant) {
        let driver = &self.shared.driver;
        if !driver.has_to_be_polled() || driver.polls() != self.polls {
            (self.polls, self.polled) = (driver.polls(), now);
        } else if now.saturating_duration_since(self.polled) >= LONG {
            let mut ready = Vec::new();
            // bug: sockets beside stuck workers are not polled
            driver.poll_now(&mut ready);
            wake_ready(self.shared, &mut ready, None);
            (self.polls, self.polled) = (driver.polls(), now);
        }
    }

    /// Fires timers that no worker has fired in time.
    fn fire_late(&self) {
        // bug: timers beside stuck workers are late
        let next = self.next_timer();
        if next != NEVER && next <= self.shared.clock.now() {
            fire_all(self.shared, None);
        }
    }

    /// Does not count the time by which sysmon itself was late, if that is long: then the process was
    /// probably suspended, and the workers with it.
    fn forgive(&mut self, overslept: Duration) {
        // bug: suspension counts as a stall
        if overslept >= self.patience() / 2 {
            for seen in &mut self.seen {
                seen.since += overslept;
                seen.slice_since += overslept;
            }
        }
    }

    /// How long a poll may last, as a rule.
    fn patience(&self) -> Duration {
        self.shared.config.stall_after.unwrap_or(LONG)
    }

    /// How long a poll may last now: less if a few workers are stuck, since the next ones are
    /// likely to get stuck as well, and the tasks behind them have waited already. But not if many
    /// are stuck: those probably just compute.
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

    /// Looks at each P. Returns whether it has detached one or moved tasks. With `reset` it only
    /// notes what it sees, since it has not looked for long.
    ///
    /// Also sets the pause until the next round. It ends when the first of the polls in progress
    /// has lasted too long; and earlier while tasks wait, so that a poll that begins meanwhile is
    /// not seen late.
    fn watch(&mut self, now: Instant, reset: bool) -> bool {
        let shared = self.shared;
        let (mut acted, limit) = (false, self.limit());
        let mut pause = if self.is_short_of_workers() { self.patience() / 4 } else { LONG };
        self.rests = (self.rests + 1).min(RESTS);
        for p in shared.sched.ps() {
            let fresh = Seen::new(p, now);
            if self.seen.len() <= p.id {
                self.seen.push(fresh);
            }
            if self.seen[p.id].tick.polls() != fresh.tick.polls() {
                self.rests = 0;
            }
            // Read once: a P that is idle at a second read must not be detached.
            let state = p.watched_state();
            if reset || state == state::IDLE {
                self.seen[p.id] = fresh;
                continue;
            }
            let mut seen = self.seen[p.id];
            let same = seen.update(fresh);
            let polls = seen.tick.is_poll();
            // bug: idle worker found stuck
            acted |= self.look(p, state, (same && polls).then_some(limit), now, &mut seen);
            if polls && state == state::RUNNING && !seen.reported {
                pause = pause.min(limit.saturating_sub(now.saturating_duration_since(seen.since)));
            }
            self.seen[p.id] = seen;
        }
        self.pause = pause.max(SHORT);
        self.help();
        acted
    }

    /// Returns whether tasks wait, and no other P may become active for them.
    fn is_short_of_workers(&self) -> bool {
        let sched = &self.shared.sched;
        let replaces = self.shared.config.stall_after.is_some();
        replaces && !sched.has_vacancy() && (sched.injected() > 0 || sched.ps().any(P::has_work))
    }

    /// Wakes a thread if tasks wait in the global queue and one could run them. As a rule, one has
    /// been woken already.
    fn help(&self) {
        let sched = &self.shared.sched;
        if sched.injected() > 0 && sched.wants_wake() {
            self.shared.wake_one();
        }
    }

    /// Looks at one P, in the state `state`. There is a `limit` if it has been in the same poll
    /// since the last round. Returns whether this has detached the P or moved tasks.
    fn look(
        &self,
        p: &P,
        state: u32,
        limit: Option<Duration>,
        now: Instant,
        seen: &mut Seen,
    ) -> bool {
        if state >= state::DETACHED {
            return self.take_tasks(p);
        }
        if now.saturating_duration_since(seen.slice_since) >= LONG && p.has_work() {
            p.expired.store(true, Relaxed);
        }
        let Some(limit) = limit else { return false };
        let elapsed = now.saturating_duration_since(seen.since);
        let stalls = elapsed >= limit;
        let detached = self.relieve(p, stalls, state);
        if (stalls || detached) && state == state::RUNNING && !seen.reported {
            seen.reported = true;
            let thread = format!("{}-{}", self.shared.config.thread_name, p.id);
            self.shared.stalls.add(1);
            let task = p.task_name(seen.tick);
            self.shared.report(Stall { thread, task, worker: p.id, elapsed, detached });
        }
        detached
    }

    /// Moves the tasks of a detached P to the global queue: its thread may have pushed some before
    /// it found the mark.
    fn take_tasks(&self, p: &P) -> bool {
        let tasks = self.shared.sched.drain(p);
        let any = !tasks.is_empty();
        if any {
            self.shared.inject_all(tasks);
        }
        any
    }

    /// Gets the tasks behind a poll run: wakes a thread for them, or replaces the worker if no
    /// thread can be woken. Returns whether it has replaced the worker.
    fn relieve(&self, p: &P, stalls: bool, state: u32) -> bool {
        let (shared, sched) = (self.shared, &self.shared.sched);
        if p.has_work() && sched.wants_wake() {
            shared.wake_one();
            return false;
        }
        if !self.has_to_be_replaced(p, stalls, state) {
            return false;
        }
        let launch = sched.replace(p, state);
        let detached = launch.is_some();
        shared.start(launch);
        detached
    }

    /// Returns whether tasks wait for the poll of `p`, and no other thread will run them. A
    /// spinning thread that gets a processor takes them long before a poll counts as stalled.
    fn has_to_be_replaced(&self, p: &P, stalls: bool, state: u32) -> bool {
        let sched = &self.shared.sched;
        let waiting = p.has_work() || sched.injected() > 0 && (stalls || sched.spinning() == 0);
        let late = stalls || state == state::BLOCKING;
        self.shared.config.stall_after.is_some() && late && waiting && !sched.has_vacancy()
    }

    /// Frees what ended tasks have left, before the runtime is idle for long.
    fn trim(&mut self) {
        let finished = self.shared.finished();
        // bug: memory of ended tasks is kept
        if finished.wrapping_sub(self.finished) >= TRIM {
            self.finished = finished;
            self.shared.trim();
        }
    }

    /// Sets the number of workers to the number of processors, unless the user has set it.
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

    /// Spawns a task that collects, if a collect is due. It is a task since a collect runs
    /// destructors, which may do anything. The task takes the request when it runs, not before: if
    /// it is dropped instead, the request is left to others.
    fn collect(&self) {
        // bug: more than one collect task
        if self.shared.collecting.load(Relaxed) || !poll::monitor_tick() {
            return;
        }
        let guard = CollectingGuard::new(&self.shared.collecting);
        let collect = async move {
            let _guard = guard;
            // bug: collect lost with its task
            blocking(poll::run_if_requested);
        };
        drop(spawn_on(self.shared, collect));
    }
}

/// Sets a flag until it is dropped: by the task that collects, whether or not it runs.
struct CollectingGuard(Arc<AtomicBool>);

impl CollectingGuard {
    fn new(flag: &Arc<AtomicBool>) -> Self {
        flag.store(true, Relaxed);
        Self(Arc::clone(flag))
    }
}

impl Drop for CollectingGuard {
    fn drop(&mut self) {
        // bug: collect task never counted as ended
        self.0.store(false, Relaxed);
    }
}

/// How long an idle runtime may sleep: until the next collect, but at most a minute, since the
/// interval of collects may be changed meanwhile.
fn until_collect() -> Duration {
    schedule::remaining().unwrap_or(Duration::MAX).clamp(LONG, Duration::from_secs(60))
}
