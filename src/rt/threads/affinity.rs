//! Pinning workers to cores.

use std::{
    io::{self, Write},
    sync::Once,
};

use crate::rt::config::Config;

/// The core that the calling thread is pinned to, if any.
#[derive(Debug, Default)]
pub(crate) struct Affinity(Option<usize>);

impl Affinity {
    /// Pins the calling thread to the core of the P with the id `p`, if workers are to be pinned.
    pub(crate) fn pin_to(&mut self, p: usize, config: &Config) {
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

/// Returns the cores to pin to: none unless `wanted`, or if the system does not list them.
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
        // Unlike `eprintln`, this does not panic without a standard error.
        let _ = writeln!(
            io::stderr(),
            "corepool: warning: the system refuses to pin workers to cores; they run unpinned"
        );
    });
}
