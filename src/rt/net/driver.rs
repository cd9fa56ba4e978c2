//! Who polls: a thread of the runtime, started with its first socket.

use std::{io, sync::Arc};

use super::poller::Poller;
use crate::rt::{context::current, sched::shared::Shared};

/// Returns the poller of the runtime.
///
/// # Errors
///
/// If the runtime has ended; or the system's error if it refuses.
pub(crate) fn poller(shared: &Shared) -> io::Result<&Arc<Poller>> {
    shared.net.get_or_make(|poller| {
        let (shared, poller) = (shared.arc(), Arc::clone(poller));
        let main = {
            let shared = Arc::clone(&shared);
            move || {
                let _entered = current::enter(&shared);
                while !poller.has_ended() {
                    poller.poll(None);
                }
            }
        };
        shared.start_thread("net".into(), None, main)
    })
}
