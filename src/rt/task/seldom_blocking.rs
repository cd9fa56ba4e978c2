//! Calls that seldom block, and are not worth an announcement.

use crate::rt::context::current;

/// As [`blocking`](crate::rt::blocking()), for a call that seldom blocks, such as one that finds an address: it costs two
/// stores. If it does block, it is as good as announced: sysmon, which watches each poll, sees that.
/// Only a task that the call itself wakes may wait for sysmon.
pub(crate) fn seldom_blocking<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    let _scope = CallScope::enter();
    f()
}

/// The calling thread is inside `seldom_blocking` until this is dropped.
struct CallScope {
    was_blocking: bool,
    was_calling: bool,
}

impl CallScope {
    #[inline]
    fn enter() -> Self {
        // bug: slow lookup unannounced
        let was_calling = set_calling(true);
        Self { was_blocking: current::set_blocking(true), was_calling }
    }
}

impl Drop for CallScope {
    #[inline]
    fn drop(&mut self) {
        current::set_blocking(self.was_blocking);
        // bug: worker in a lookup for ever
        set_calling(self.was_calling);
    }
}

#[inline]
fn set_calling(calls: bool) -> bool {
    current::worker(|worker| worker.is_some_and(|(_, p)| p.set_calling(calls)))
}
