//! crossbeam's queues.

use crossbeam_queue::{ArrayQueue, SegQueue};

use crate::{peers::BOUND, pool::Store, things::Thing};

pub struct Array<T>(ArrayQueue<T>);

impl<T: Thing> Store for Array<T> {
    type Object = T;

    const NAME: &'static str = "crossbeam ArrayQueue";

    fn new() -> Self {
        Self(ArrayQueue::new(BOUND))
    }

    #[inline(always)]
    fn put(&self, object: T) {
        // If the queue is full, the object is dropped.
        let _ = self.0.push(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.pop()
    }
}

pub struct Seg<T>(SegQueue<T>);

impl<T: Thing> Store for Seg<T> {
    type Object = T;

    const NAME: &'static str = "crossbeam SegQueue";

    fn new() -> Self {
        Self(SegQueue::new())
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.push(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.pop()
    }
}
