//! Who polls: the thread in the driver of the runtime, workers that find no tasks, and sysmon.

use std::{io, sync::Arc};

use super::poller::Poller;
use crate::rt::sched::{shared::Shared, watch::Why};

/// Returns the poller of the runtime.
///
/// # Errors
///
/// If the runtime has ended; or the system's error if it refuses.
pub(crate) fn poller(shared: &Shared) -> io::Result<&Arc<Poller>> {
    let (poller, is_new) = shared.driver.net().get_or_make()?;
    if is_new {
        // The thread in the driver has to wait in the poller from now on.
        // bug: first socket is not polled
        shared.driver.wake();
        shared.watch.notify(Why::Work);
    }
    Ok(poller)
}
