//! The `thread_local` crate: a stack for each thread.

use std::cell::RefCell;

use thread_local::ThreadLocal;

use crate::{pool::Store, things::Thing};

pub struct PerThread<T: Send>(ThreadLocal<RefCell<Vec<T>>>);

impl<T: Thing> Store for PerThread<T> {
    type Object = T;

    const NAME: &'static str = "thread_local crate";

    fn new() -> Self {
        Self(ThreadLocal::new())
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.get_or_default().borrow_mut().push(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.get_or_default().borrow_mut().pop()
    }
}
