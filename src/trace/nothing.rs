//! What stands for events in a build without them.

/// Stands for the start of a step.
pub(crate) struct Start;

impl Start {
    #[inline(always)]
    pub(crate) fn now() -> Self {
        Self
    }
}

#[inline(always)]
pub(crate) fn note_shard(_pool: &'static str) {}

#[inline(always)]
pub(crate) fn note_ring(_pool: &'static str, _slots: usize) {}

#[inline(always)]
pub(crate) fn note_recall(_pool: &'static str, _what: &'static str, _found: bool) {}

#[inline(always)]
pub(crate) fn emit_notes() {}

#[inline(always)]
pub(crate) fn collected(_start: &Start, _dropped: usize) {}

#[inline(always)]
pub(crate) fn aged(_start: &Start, _pool: &'static str, _clear: bool, _dropped: usize) {}

#[cfg(feature = "rt")]
pub(crate) const REPORTS_STALLS: bool = false;

#[cfg(feature = "rt")]
#[inline(always)]
pub(crate) fn stalled(
    _thread: &str,
    _task: Option<&str>,
    _worker: usize,
    _elapsed: std::time::Duration,
    _detached: bool,
) {
}
