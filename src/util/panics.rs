//! Many destructors, any of which may panic: all are run, and the first panic goes on afterwards.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread::panicking,
};

/// The first panic of a series of calls.
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    pub(crate) fn new() -> Self {
        Self(None)
    }

    /// Calls `f`, and remembers the panic if it is the first.
    pub(crate) fn guard(&mut self, f: impl FnOnce()) {
        match catch_unwind(AssertUnwindSafe(f)) {
            Err(payload) if self.0.is_none() => self.0 = Some(payload),
            Err(payload) => drop_payload(payload),
            Ok(()) => {}
        }
    }

    /// Goes on with the first panic, unless the thread is unwinding already.
    pub(crate) fn resume(mut self) {
        if let Some(payload) = self.0.take() {
            if !panicking() {
                resume_unwind(payload);
            }
            drop_payload(payload);
        }
    }
}

/// Calls other people's code, whose panics have been reported and go no further.
pub(crate) fn catch_and_discard(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_payload(payload);
    }
}

/// Drops a payload, whose destructor may panic once more; what that leaves is leaked.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}
