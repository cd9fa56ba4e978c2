//! The janitor: a thread that runs the collects, for processes that want one.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    collect_thread::reconsider,
    fork,
    pressure::{Level, Pressure},
    registry::Registry,
    schedule,
};
use crate::{
    seat::table::Seats,
    sync::{ProcessBool, Relaxed, heavy_fence},
};

/// The shortest interval: times are kept in milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// How often the janitor reads the memory pressure, unless its interval is shorter.
const LOOK: Duration = Duration::from_secs(1);

/// How often it collects while the pressure stays high, unless its interval is shorter. .NET's
/// pools wait as long.
const HIGH: Duration = Duration::from_secs(10);

/// Starts a thread that calls [`collect`](crate::collect()) when there was no collect for
/// `interval`, and when one is requested (see [`PacedAlloc`](crate::alloc::PacedAlloc)).
///
/// So an idle object is dropped after one to two intervals, even if no pool is used any more. While
/// a janitor runs, no other thread collects unless it calls `collect` itself, so the destructors of
/// old objects run on the janitor's thread. If they panic, the panic is reported as usual, and goes
/// no further.
///
/// Dropping the guard ends the thread, and waits for it. There may be several janitors. A forked
/// child has none. An interval below a millisecond counts as one millisecond.
///
/// # Errors
///
/// If `interval` is zero, or if the thread cannot be started.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let janitor = corepool::janitor(Duration::from_secs(60))?;
/// // ...
/// drop(janitor);
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the guard ends the janitor"]
pub fn janitor(interval: Duration) -> io::Result<Janitor> {
    JanitorBuilder::new(interval).start()
}

/// Configures and starts a janitor. See [`janitor`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use corepool::{JanitorBuilder, Pressure};
///
/// # fn main() -> std::io::Result<()> {
/// let mut builder = JanitorBuilder::new(Duration::from_secs(60));
/// if let Ok(pressure) = Pressure::system() {
///     builder = builder.watch(pressure);
/// }
/// let janitor = builder.start()?;
/// # drop(janitor);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JanitorBuilder {
    interval: Duration,
    pressure: Option<Pressure>,
}

impl JanitorBuilder {
    /// Configures a janitor that collects when there was no collect for `interval`.
    pub fn new(interval: Duration) -> Self {
        Self { interval, pressure: None }
    }

    /// Makes the janitor watch the memory pressure, once a second, or once in each interval if that
    /// is shorter. When the pressure becomes [high](Level::High), the janitor collects twice at
    /// once, so that nothing idle is left, and again every ten seconds while it stays high. From
    /// [`Level::Medium`] on, the janitor uses a quarter of its interval.
    ///
    /// If a file can no longer be read later on, it counts as [`Level::Low`]; the other files count
    /// as before.
    #[must_use]
    pub fn watch(mut self, pressure: Pressure) -> Self {
        self.pressure = Some(pressure);
        self
    }

    /// Starts the janitor.
    ///
    /// # Errors
    ///
    /// If the interval is zero, if the thread cannot be started, or if the pressure cannot be read:
    /// see [`Pressure::level`].
    pub fn start(mut self) -> io::Result<Janitor> {
        if self.interval.is_zero() {
            let why = "the interval of a janitor must not be zero";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // bug: interval below the minimum
        self.interval = self.interval.max(SHORTEST);
        if let Some(pressure) = &mut self.pressure {
            pressure.level()?;
        }
        let stop = Arc::new(ProcessBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("corepool-janitor".into());
        // The janitor registers the process, so that no user's call need do it.
        let fence = Seats::process().fence_kind();
        fence.await_registration();
        let thread = thread.spawn(move || {
            // Here, because a system without threads may have no clock either.
            let janitor = JanitorLoop::new(self, stopped);
            fence.register();
            janitor.run();
        });
        let thread = thread.inspect_err(|_| heavy_fence::forget_registration())?;
        fork::watch();
        let mut registry = Registry::lock();
        registry.add_janitor(thread.thread().clone());
        // Ends the collect thread.
        reconsider(&mut registry);
        Ok(Janitor { stop, thread: Some(thread) })
    }
}

/// The guard of a running janitor. Dropping it ends the janitor. See [`janitor`].
#[derive(Debug)]
#[must_use = "dropping the guard ends the janitor"]
pub struct Janitor {
    stop: Arc<ProcessBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Janitor {
    /// Ends the janitor and waits for its thread, unless this is that thread.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let known = {
            let mut registry = Registry::lock();
            let known = registry.remove_janitor(thread.thread().id());
            reconsider(&mut registry);
            known
        };
        // Relaxed: it is only a flag, and `join` orders the rest.
        self.stop.swap(true, Relaxed);
        // bug: janitor not woken to end
        thread.thread().unpark();
        // bug: parent's janitor joined in a child
        if !known {
            // This is a forked child, where the thread does not exist. Its pthread id may belong to
            // another thread by now, and dropping the handle would detach that one.
            std::mem::forget(thread);
        // bug: janitor joins itself
        } else if thread.thread().id() != thread::current().id() {
            // A destructor that the janitor runs may drop this guard; the janitor cannot wait for
            // itself. `join` returns no error, because the janitor does not panic.
            let _ = thread.join();
        }
    }
}

/// The state of a janitor's thread.
struct JanitorLoop {
    interval: Duration,
    pressure: Option<Pressure>,
    stop: Arc<ProcessBool>,
    level: Level,
    /// When it reads the pressure next.
    next_check: Instant,
    /// Until when a pressure that stays high causes no further collect.
    quiet_until: Instant,
    start: Instant,
}

impl JanitorLoop {
    fn new(builder: JanitorBuilder, stop: Arc<ProcessBool>) -> Self {
        let now = Instant::now();
        let JanitorBuilder { interval, pressure } = builder;
        let level = Level::Low;
        Self { interval, pressure, stop, level, next_check: now, quiet_until: now, start: now }
    }

    fn run(mut self) {
        while !self.stop.load(Relaxed) {
            let pressed = self.check_pressure();
            let left = self.left();
            if schedule::take() || left.is_zero() {
                schedule::run();
            } else if !pressed {
                thread::park_timeout(left.min(self.until_check()));
            }
        }
    }

    /// Returns the time until the next reading of the pressure.
    fn until_check(&self) -> Duration {
        let until = self.next_check.saturating_duration_since(Instant::now());
        self.pressure.as_ref().map_or(Duration::MAX, |_| until)
    }

    /// Returns the time until a collect is due by the clock.
    fn left(&self) -> Duration {
        let interval = match self.level {
            Level::Low => self.interval,
            // bug: no pause at medium pressure; interval not shortened at medium pressure
            Level::Medium | Level::High => self.interval / 4,
        };
        let since = schedule::since_last().map_or(self.start.elapsed(), |since| {
            // The time before this janitor's start does not count.
            since.min(self.start.elapsed())
        });
        interval.saturating_sub(since)
    }

    /// Reads the pressure if a reading is due. Collects twice if the pressure is high, and returns
    /// whether it did.
    fn check_pressure(&mut self) -> bool {
        let now = Instant::now();
        let Some(pressure) = &mut self.pressure else { return false };
        if now < self.next_check {
            return false;
        }
        self.next_check = now + LOOK.min(self.interval);
        // bug: unreadable file counts as high pressure; unreadable file hides the others
        let level = pressure.level_as_far_as_known();
        let pressed = level == Level::High && (self.level != level || now >= self.quiet_until);
        self.level = level;
        if pressed {
            (0..2).for_each(|_| schedule::run());
            self.quiet_until = Instant::now() + HIGH.min(self.interval);
        }
        pressed
    }
}
