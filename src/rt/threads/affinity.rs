//! Pinning of workers to cores.

use std::{
    io::{self, Write},
    sync::Once,
};

use super::builder::Config;

/// The core of the calling thread.
#[derive(Debug, Default)]
pub(crate) struct Pin(Option<usize>);

impl Pin {
    /// Moves the calling thread to the core of the P with this number, if that is wanted.
    pub(crate) fn to(&mut self, p: usize, config: &Config) {
        let Some(core) = config.cores.get(p % config.cores.len().max(1)) else { return };
        if self.0 == Some(core.id) {
            return;
        }
        if core_affinity::set_for_current(*core) {
            self.0 = Some(core.id);
        } else {
            warn();
        }
    }
}

/// The cores to pin to: none if it is not wanted, or not possible.
pub(crate) fn cores(wanted: bool) -> Vec<core_affinity::CoreId> {
    if !wanted {
        return Vec::new();
    }
    core_affinity::get_core_ids().filter(|cores| !cores.is_empty()).unwrap_or_else(|| {
        warn();
        Vec::new()
    })
}

fn warn() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Whether or not there is a standard error.
        let _ = writeln!(
            io::stderr(),
            "corepool: warning: the system refuses to pin workers to cores; they go unpinned"
        );
    });
}
