//! A stack under one lock.

use crate::{pool::Store, things::Thing};

pub struct Std<T>(std::sync::Mutex<Vec<T>>);

impl<T: Thing> Store for Std<T> {
    type Object = T;

    const NAME: &'static str = "std Mutex<Vec>";

    fn new() -> Self {
        Self(Default::default())
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.lock().unwrap().push(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.lock().unwrap().pop()
    }
}

pub struct ParkingLot<T>(parking_lot::Mutex<Vec<T>>);

impl<T: Thing> Store for ParkingLot<T> {
    type Object = T;

    const NAME: &'static str = "parking_lot Mutex<Vec>";

    fn new() -> Self {
        Self(Default::default())
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.lock().push(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.lock().pop()
    }
}
