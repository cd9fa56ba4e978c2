//! The netpoller of the runtime that the calling thread belongs to.

use std::{io, sync::Arc};

use super::netpoller::NetPoller;
use crate::rt::{
    config::NO_RUNTIME,
    context::current::current,
    sched::{shared::Shared, watch::Why},
};

/// Returns the netpoller of the runtime that the calling thread belongs to.
///
/// # Errors
///
/// If the thread belongs to none, or if the runtime has ended; or the system's error.
pub(crate) fn current_netpoller() -> io::Result<Arc<NetPoller>> {
    current(|shared| {
        let shared = shared.ok_or_else(|| io::Error::other(NO_RUNTIME))?;
        netpoller_of(shared).map(Arc::clone)
    })
}

/// Returns the netpoller of the runtime, which is made with its first socket.
fn netpoller_of(shared: &Shared) -> io::Result<&Arc<NetPoller>> {
    let (poller, is_new) = shared.driver.net().get_or_make()?;
    if is_new {
        // The thread in the driver has to wait in the netpoller from now on.
        // bug: first socket is not polled
        shared.driver.wake();
        shared.watch.notify(Why::Work);
    }
    Ok(poller)
}
