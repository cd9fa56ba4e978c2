//! Programs that use pools. `tests/models.rs` checks them under shuttle.

#[path = "../../programs/letter.rs"]
pub mod letter;
#[path = "../../programs/words.rs"]
pub mod words;
