//! The part of the facade in `src/sync.rs` that is the scheduler's.
