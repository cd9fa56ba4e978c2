//! What chaos mode finds, and the panic that reports it.

use std::thread::panicking;

use super::{block::Part, run};

/// What a program has done with an object of a pool. Threads are those that did something with it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// Written to, at this byte, after the thread had put it back.
    Written { part: Part, byte: usize, by: usize },
    /// Its fingerprint has changed since the thread put it back.
    Changed { by: usize },
    /// Given back, although the thread had done so before.
    GivenBack { by: usize },
    /// To be made a guard of, although the thread holds one.
    Held { by: usize },
    /// To be made a guard of, although another pool has lent it.
    Foreign { by: usize },
}

impl Misuse {
    /// Returns what was done, and the number of the thread that did something before.
    fn parts(&self) -> (String, usize) {
        match *self {
            Self::Written { part: Part::Object, byte, by } => (
                format!("an object was written to, at byte {byte}, after it had been put back"),
                by,
            ),
            Self::Written { part: Part::Buffer, byte, by } => (
                format!(
                    "the buffer of an object was written to, at byte {byte}, after it had been put back"
                ),
                by,
            ),
            Self::Changed { by } => ("an idle object has changed since it was put back".into(), by),
            Self::GivenBack { by } => {
                ("an object was given back twice, for the first time".into(), by)
            }
            Self::Held { by } => {
                ("from_raw was called on an object that is in a guard, got".into(), by)
            }
            Self::Foreign { by } => {
                ("from_raw was called on an object of another pool, got from there".into(), by)
            }
        }
    }
}

/// Reports what the thread `finder` has found in a call of `pool`, unless it is panicking.
///
/// # Panics
///
/// Unless the thread is panicking.
#[cold]
pub(super) fn report(misuse: &Misuse, pool: &str, finder: usize) {
    if panicking() {
        return;
    }
    let ((what, by), seed) = (misuse.parts(), run::seed());
    let (by, finder) = (run::name_of(by), run::name_of(finder));
    panic!(
        "misuse of {pool}: {what} by thread {by} (found by thread {finder} in chaos mode, seed {seed})"
    );
}
