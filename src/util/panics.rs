//! Panics in a series of destructors: all destructors run, and the first panic is resumed
//! afterwards.

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

    /// Calls `f`. Keeps its panic if it is the first one, and discards it otherwise.
    pub(crate) fn guard(&mut self, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            self.keep(payload);
        }
    }

    #[cold]
    fn keep(&mut self, payload: Box<dyn Any + Send>) {
        match self.0 {
            None => self.0 = Some(payload),
            Some(_) => drop_payload(payload),
        }
    }

    /// Resumes the first panic, if there was one and the thread is not unwinding already.
    pub(crate) fn resume(mut self) {
        if let Some(payload) = self.0.take() {
            if !panicking() {
                resume_unwind(payload);
            }
            drop_payload(payload);
        }
    }
}

/// Calls `f`, which runs user code, and discards its panic: the panic hook has reported it already.
pub(crate) fn catch_and_discard(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_payload(payload);
    }
}

/// Calls the wakers, which are foreign code. One that panics does not keep the others from being
/// woken.
#[cfg(feature = "rt")]
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = std::task::Waker>) {
    for waker in wakers {
        // bug: waker that panics keeps others from being woken
        catch_and_discard(|| waker.wake());
    }
}

/// Returns the message of a panic, if its payload is a string.
#[cfg(feature = "rt")]
pub(crate) fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Drops a panic's payload. If its destructor panics too, the payload of that panic is leaked.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}
