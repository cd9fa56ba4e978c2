//! The poller of a runtime, made with its first socket.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use super::netpoller::{NetPoller, ended};
use crate::sync::lock::lock_std;

#[derive(Debug, Default)]
pub(crate) struct LazyNetPoller {
    poller: OnceLock<Arc<NetPoller>>,
    /// The runtime has ended. Locked while the poller is made.
    ended: Mutex<bool>,
}

impl LazyNetPoller {
    /// Returns the poller, if there is one.
    pub(crate) fn get(&self) -> Option<&Arc<NetPoller>> {
        self.poller.get()
    }

    /// Returns the poller, and whether this call has made it.
    ///
    /// # Errors
    ///
    /// If the runtime has ended, or the system's error if it refuses.
    pub(crate) fn get_or_make(&self) -> io::Result<(&Arc<NetPoller>, bool)> {
        if let Some(poller) = self.get() {
            return Ok((poller, false));
        }
        let has_ended = lock_std(&self.ended);
        if *has_ended {
            return Err(ended());
        }
        if let Some(poller) = self.get() {
            return Ok((poller, false));
        }
        let poller = Arc::new(NetPoller::new()?);
        Ok((self.poller.get_or_init(|| poller), true))
    }

    /// The runtime ends. See [`NetPoller::end`].
    pub(crate) fn end(&self) {
        *lock_std(&self.ended) = true;
        if let Some(poller) = self.get() {
            poller.end();
        }
    }
}
