//! object-pool, with guards and by value.

use object_pool::{Pool, Reusable};

use crate::{
    pool::{Lender, Store},
    things::Thing,
};

/// The number of objects that its documentation creates ahead of time.
const AHEAD: usize = 32;

pub struct Guards<T>(Pool<T>);

impl<T: Thing> Lender for Guards<T> {
    type Loan<'a> = Reusable<'a, T>;
    type Object = T;

    const NAME: &'static str = "object-pool";

    fn new() -> Self {
        Self(Pool::new(AHEAD, T::make))
    }

    #[inline(always)]
    fn get(&self) -> Reusable<'_, T> {
        self.0.pull(T::make)
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut Reusable<'_, T>) -> &'l mut T {
        loan
    }
}

pub struct Values<T>(Pool<T>);

impl<T: Thing> Store for Values<T> {
    type Object = T;

    const NAME: &'static str = "object-pool";

    fn new() -> Self {
        Self(Pool::new(AHEAD, T::make))
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.attach(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        Some(self.0.try_pull()?.detach().1)
    }
}
