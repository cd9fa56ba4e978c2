//! What has come about in the schedules of a run: one in which nothing does shows nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A hit on what another thread had put.
    Steal,
    /// A hit on what had aged.
    Victim,
    /// A ring was unlinked.
    Ring,
    /// A thread found its seat late.
    Late,
    /// An object was dropped by ageing.
    Aged,
}

const ALL: [Event; 5] = [Event::Steal, Event::Victim, Event::Ring, Event::Late, Event::Aged];

#[derive(Default)]
pub(super) struct Seen([AtomicUsize; ALL.len()]);

impl Seen {
    pub(super) fn add(&self, event: Event, times: usize) {
        self.0[event as usize].fetch_add(times, Relaxed);
    }

    pub(super) fn has(&self, event: Event) -> bool {
        self.0[event as usize].load(Relaxed) > 0
    }

    pub(super) fn report(&self) -> String {
        let times = |event: Event| self.0[event as usize].load(Relaxed);
        ALL.map(|event| format!("{event:?} {}", times(event))).join(", ")
    }
}
