//! Chaos mode, as pools call it. Without the feature `chaos`, it is never on, and the calls do nothing.

#[cfg(not(feature = "chaos"))]
mod nothing;

#[cfg(feature = "chaos")]
pub(crate) use crate::chaos::{
    On,
    hooks::{ChaosOptions, Hooks},
    ledger::{lock_for_fork, unlock_after_fork},
    may_be_on, on, storage,
};
#[cfg(not(feature = "chaos"))]
pub(crate) use nothing::*;
