//! Says how far a run is. Ctrl-C ends a run early, with a report of what was done until then.

// `unreachable_pub` does not apply to a program.
#![allow(unreachable_pub)]

use std::{
    fmt::Display,
    io::{IsTerminal, Write, stderr},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Whether Ctrl-C was pressed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The progress of a run that lasts for a given time.
pub struct Progress {
    name: &'static str,
    start: Instant,
    length: Duration,
    /// When the next line is due.
    due: Duration,
    terminal: bool,
}

impl Progress {
    /// Begins a run of `seconds`. From here on the first Ctrl-C only ends the run; the second kills.
    pub fn begin(name: &'static str, seconds: u64) -> Self {
        #[cfg(unix)]
        interrupt::watch();
        let length = Duration::from_secs(seconds);
        let terminal = stderr().is_terminal();
        let mut progress =
            Self { name, start: Instant::now(), length, due: Duration::ZERO, terminal };
        progress.due = progress.pause();
        progress
    }

    /// Returns whether the time is over, or Ctrl-C was pressed.
    pub fn is_over(&self) -> bool {
        INTERRUPTED.load(Relaxed) || self.start.elapsed() >= self.length
    }

    /// Says how far the run is, if that is due: in a line that moves on a terminal, else in a line a minute.
    pub fn tell<D: Display>(&mut self, done: impl FnOnce() -> D) {
        let elapsed = self.start.elapsed();
        if elapsed < self.due {
            return;
        }
        self.due = elapsed + self.pause();
        let (now, all) = (elapsed.as_secs(), self.length.as_secs());
        let left = all.saturating_sub(now);
        let line = format!("{}: {now} of {all} s, {}, {left} s left", self.name, done());
        // Nobody may be reading.
        let _ = match self.terminal {
            true => write!(stderr(), "\r{line}\x1b[K"),
            false => writeln!(stderr(), "{line}"),
        };
    }

    /// Ends the run: clears the line that moves, and says if the run was cut short.
    pub fn end(self) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        let _ = write!(stderr(), "{clear}");
        if INTERRUPTED.load(Relaxed) {
            let (now, all) = (self.start.elapsed().as_secs(), self.length.as_secs());
            let _ = writeln!(stderr(), "{}: ended by Ctrl-C after {now} of {all} s", self.name);
        }
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(if self.terminal { 1 } else { 60 })
    }
}

#[cfg(unix)]
mod interrupt {
    use std::{mem, ptr};

    use super::{INTERRUPTED, Relaxed};

    extern "C" fn handler(_: libc::c_int) {
        INTERRUPTED.store(true, Relaxed);
    }

    /// Notes the first SIGINT. The next one kills the process, as usual.
    pub fn watch() {
        let handler: extern "C" fn(libc::c_int) = handler;
        // SAFETY: all-zero bytes are a valid value.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
        // SAFETY: the handler only stores to an atomic.
        let done = unsafe { libc::sigaction(libc::SIGINT, &action, ptr::null_mut()) };
        assert_eq!(done, 0, "SIGINT cannot be handled");
    }
}
