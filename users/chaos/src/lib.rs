//! Programs that use pools. `tests/chaos.rs` runs them in chaos mode, and `tests/plain.rs` without.

pub mod exchange;
pub mod history;
pub mod packet;
