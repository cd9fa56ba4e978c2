//! What stands in for `crossbeam-epoch` under Miri, because that crate breaks Miri's rules. Retired memory
//! is freed as soon as no thread is pinned.

use std::sync::{Mutex, PoisonError};

use super::{imp::free_retired, reclaim::Reclaimed};

struct State {
    pins: usize,
    retired: Vec<Retired>,
}

/// Retired memory, and what frees it.
struct Retired(*mut (), unsafe fn(*mut ()));

// SAFETY: any thread may free the memory: the promise of `EpochGuard::retire`.
unsafe impl Send for Retired {}

/// Frees retired memory whose type is `R`.
///
/// # Safety
///
/// As for `R::free`.
unsafe fn free<R: Reclaimed>(retired: *mut ()) {
    // SAFETY: the caller's promise.
    unsafe { free_retired(retired.cast(), R::live_check, R::free) };
}

static STATE: Mutex<State> = Mutex::new(State { pins: 0, retired: Vec::new() });

fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    f(&mut STATE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A pin: while it lives, no memory that its thread can still reach is freed.
pub(crate) struct EpochGuard(());

pub(crate) fn pin_epoch() -> EpochGuard {
    with_state(|state| state.pins += 1);
    EpochGuard(())
}

impl EpochGuard {
    /// Frees `retired` once no thread is pinned.
    ///
    /// # Safety
    ///
    /// As for `reclaim::EpochGuard::retire`.
    pub(crate) unsafe fn retire<R: Reclaimed>(&self, retired: *mut R) {
        with_state(|state| state.retired.push(Retired(retired.cast(), free::<R>)));
    }
}

impl Drop for EpochGuard {
    fn drop(&mut self) {
        let free = with_state(|state| {
            state.pins -= 1;
            // bug: ring freed while others are pinned
            if state.pins == 0 { std::mem::take(&mut state.retired) } else { Vec::new() }
        });
        // SAFETY: retired, and no thread has been pinned since.
        free.into_iter().for_each(|Retired(memory, free)| unsafe { free(memory) });
    }
}
