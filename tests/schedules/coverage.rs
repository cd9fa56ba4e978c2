//! Coverage: the events that happened in the schedules of a run. A run without them proves nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A hit on an object that another thread had put.
    Steal,
    /// A hit by a search that may recall.
    Recall,
    /// A hit on a victim.
    Victim,
    /// A ring was unlinked.
    Ring,
    /// A thread found its seat late.
    Late,
    /// An object was dropped by ageing.
    Aged,
    /// A worker was found stuck.
    #[cfg(feature = "rt")]
    Detach,
    /// A worker stole tasks from another worker.
    #[cfg(feature = "rt")]
    TaskSteal,
    /// A worker found nothing to do.
    #[cfg(feature = "rt")]
    Sleep,
}

const ALL: &[Event] = &[
    Event::Steal,
    Event::Recall,
    Event::Victim,
    Event::Ring,
    Event::Late,
    Event::Aged,
    #[cfg(feature = "rt")]
    Event::Detach,
    #[cfg(feature = "rt")]
    Event::TaskSteal,
    #[cfg(feature = "rt")]
    Event::Sleep,
];

#[derive(Default)]
pub(super) struct Coverage([AtomicUsize; ALL.len()]);

impl Coverage {
    pub(super) fn add(&self, event: Event, times: usize) {
        self.0[event as usize].fetch_add(times, Relaxed);
    }

    pub(super) fn has(&self, event: Event) -> bool {
        self.0[event as usize].load(Relaxed) > 0
    }

    pub(super) fn report(&self) -> String {
        let times = |event: Event| self.0[event as usize].load(Relaxed);
        let events: Vec<_> =
            ALL.iter().map(|&event| format!("{event:?} {}", times(event))).collect();
        events.join(", ")
    }
}
