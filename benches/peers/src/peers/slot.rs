//! A `thread_local!` slot for one object: the lower bound.

use std::marker::PhantomData;

use crate::{pool::Store, things::Thing};

pub struct Slot<T>(PhantomData<fn() -> T>);

impl<T: Thing> Store for Slot<T> {
    type Object = T;

    const NAME: &'static str = "thread_local! slot";
    const ROOM: usize = 1;

    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn put(&self, object: T) {
        T::slot().set(Some(object));
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        T::slot().take()
    }
}
