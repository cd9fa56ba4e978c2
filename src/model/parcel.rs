//! Idle objects, as they are handed over.

use std::sync::PoisonError;

use super::checker::Handover;

/// An idle object, in a mutex of the checker's. The thread that opens it sees what the thread did that
/// packed it.
#[derive(Debug)]
// A mutex of shuttle's is large.
pub(super) struct Parcel<T>(Box<Handover<Option<Box<T>>>>);

impl<T> Parcel<T> {
    /// Another thread may run in this call.
    pub(super) fn pack(object: Box<T>) -> Self {
        let parcel = Self(Box::new(Handover::new(None)));
        // Release: pairs with the lock in `open`.
        *parcel.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(object);
        parcel
    }

    /// Another thread may run in this call.
    pub(super) fn open(self) -> Box<T> {
        // Acquire: pairs with the unlock in `pack`.
        let object = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        object.expect("a parcel is opened once")
    }
}
