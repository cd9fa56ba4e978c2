//! The gate of a manager: a call that has passed it ends before the manager does.

use std::sync::Arc;

use loom::thread;

use super::model;
use crate::{pool::gate::Gate, sync::UnsafeCell};

/// A manager, which a call reads and writes, and the end takes.
struct Managed {
    gate: Gate,
    manager: UnsafeCell<Option<u32>>,
}

// SAFETY: what the model checks.
unsafe impl Sync for Managed {}
// SAFETY: as above.
unsafe impl Send for Managed {}

#[test]
fn gate_against_end() {
    model("gate_against_end", None, || {
        let shared = Arc::new(Managed { gate: Gate::new(), manager: UnsafeCell::new(Some(7)) });
        let calls: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    if let Some(_call) = shared.gate.pass() {
                        // SAFETY: what the model checks.
                        assert_eq!(shared.manager.with(|manager| unsafe { *manager }), Some(7));
                    }
                })
            })
            .collect();
        assert!(shared.gate.close());
        // SAFETY: as above.
        shared.manager.with_mut(|manager| unsafe { *manager = None });
        calls.into_iter().for_each(|call| call.join().unwrap());
        assert!(shared.gate.pass().is_none());
    });
}
