//! The events.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use tracing::{Level, debug, enabled, trace};

use crate::util::panics::catch_and_discard;

/// The target of all events.
const TARGET: &str = "corepool";

/// Whether the system has no clock, so that reading it panics.
const NO_CLOCK: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));

/// The start of a step whose duration an event reports.
pub(crate) struct Start(Option<Instant>);

impl Start {
    /// Reads the clock, if anyone wants to know.
    pub(crate) fn now() -> Self {
        let mut wanted = false;
        // The answer is foreign code, too, which may use pools and panic.
        // bug: panic of a subscriber that is asked
        emit(|| wanted = !NO_CLOCK && enabled!(target: TARGET, Level::DEBUG));
        Self(wanted.then(Instant::now))
    }

    fn elapsed(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |start| start.elapsed())
    }
}

/// What the calling thread has done that is not emitted yet: the last one of each kind.
#[derive(Clone, Copy)]
struct Notes {
    /// The pool of the shard.
    shard: Option<&'static str>,
    /// The pool of the ring, and its slots.
    ring: Option<(&'static str, usize)>,
    /// The pool, what was recalled, and whether there was any.
    recall: Option<(&'static str, &'static str, bool)>,
}

const NONE: Notes = Notes { shard: None, ring: None, recall: None };

thread_local! {
    static NOTES: Cell<Option<Notes>> = const { Cell::new(None) };

    /// Whether the thread is inside an event. Events of pools that a subscriber uses are not emitted.
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

fn note(change: impl FnOnce(&mut Notes)) {
    // Whether anyone wants to know is foreign code, too.
    if !EMITTING.get() {
        let mut notes = NOTES.get().unwrap_or(NONE);
        change(&mut notes);
        NOTES.set(Some(notes));
    }
}

/// Notes that the calling thread has a new shard of this pool.
pub(crate) fn note_shard(pool: &'static str) {
    note(|notes| notes.shard = Some(pool));
}

/// Notes that the calling thread needs a ring of this many slots for its chain.
pub(crate) fn note_ring(pool: &'static str, slots: usize) {
    note(|notes| notes.ring = Some((pool, slots)));
}

/// Notes that the calling thread has recalled what others had kept, and whether it got any.
pub(crate) fn note_recall(pool: &'static str, what: &'static str, found: bool) {
    note(|notes| notes.recall = Some((pool, what, found)));
}

/// Calls `event`, unless the thread is inside an event. A panic of the subscriber goes no further: it would
/// pass through the drop of a guard.
fn emit(event: impl FnOnce()) {
    // bug: events within events
    if !EMITTING.replace(true) {
        catch_and_discard(event);
        EMITTING.set(false);
    }
}

/// Emits what was noted. The caller holds nothing.
#[inline]
pub(crate) fn emit_notes() {
    if let Some(notes) = NOTES.take() {
        emit_all(notes);
    }
}

#[cold]
fn emit_all(Notes { shard, ring, recall }: Notes) {
    emit(|| {
        if let Some(pool) = shard {
            trace!(target: TARGET, pool, "new shard");
        }
        if let Some((pool, slots)) = ring {
            trace!(target: TARGET, pool, slots, "new ring");
        }
        if let Some((pool, what, found)) = recall {
            trace!(target: TARGET, pool, what, found, "recall");
        }
    });
}

/// A collect of all pools has ended, which has dropped this many objects.
pub(crate) fn collected(start: &Start, dropped: usize) {
    let took_us = start.elapsed().as_micros() as u64;
    emit(|| debug!(target: TARGET, dropped, took_us, "collect"));
}

/// One pool has aged, or was cleared.
pub(crate) fn aged(start: &Start, pool: &'static str, clear: bool, dropped: usize) {
    let took_us = start.elapsed().as_micros() as u64;
    emit(|| {
        if clear {
            debug!(target: TARGET, pool, dropped, took_us, "clear");
        } else {
            debug!(target: TARGET, pool, dropped, took_us, "trim");
        }
    });
}

/// Whether stalls are reported even if no hook is set. Whether anyone wants to know is asked where foreign code may
/// run.
#[cfg(feature = "rt")]
pub(crate) const REPORTS_STALLS: bool = true;

/// A worker is stuck in a poll.
#[cfg(feature = "rt")]
pub(crate) fn stalled(
    thread: &str,
    task: Option<&str>,
    worker: usize,
    elapsed: Duration,
    detached: bool,
) {
    let elapsed_ms = elapsed.as_millis() as u64;
    emit(|| {
        tracing::warn!(target: TARGET, thread, task, worker, elapsed_ms, detached, "stall");
    });
}
