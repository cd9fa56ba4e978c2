//! A value whose destructor must not unwind.

use std::mem::ManuallyDrop;

use crate::util::panics::catch_and_discard;

/// Catches panics of the value's destructor. For values that are dropped where a panic would abort
/// the process.
pub(crate) struct NoUnwindDrop<T>(ManuallyDrop<T>);

impl<T> NoUnwindDrop<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        &mut self.0
    }

    pub(crate) fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since `drop` is not called.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T> Drop for NoUnwindDrop<T> {
    fn drop(&mut self) {
        // SAFETY: dropped once.
        catch_and_discard(|| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}
