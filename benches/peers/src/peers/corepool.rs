//! corepool, with guards and by value.

use corepool::{Pool, Pooled};

use crate::{
    pool::{Lender, Store},
    things::Thing,
};

pub struct Guards<T>(Pool<T>);

impl<T: Thing> Lender for Guards<T> {
    type Loan<'a> = Pooled<'a, T>;
    type Object = T;

    const NAME: &'static str = "corepool";
    const COLLECT: Option<fn()> = Some(corepool::collect);

    fn new() -> Self {
        Self(Pool::new(T::make))
    }

    #[inline(always)]
    fn get(&self) -> Pooled<'_, T> {
        self.0.get()
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut Pooled<'_, T>) -> &'l mut T {
        loan
    }
}

pub struct Values<T>(Pool<T>);

impl<T: Thing> Store for Values<T> {
    type Object = T;

    const NAME: &'static str = "corepool, take and put";
    const COLLECT: Option<fn()> = Some(corepool::collect);

    fn new() -> Self {
        Self(Pool::new(T::make))
    }

    #[inline(always)]
    fn put(&self, object: T) {
        self.0.put(object);
    }

    #[inline(always)]
    fn take(&self) -> Option<T> {
        self.0.try_take()
    }

    #[inline(always)]
    fn take_or_make(&self) -> T {
        self.0.take()
    }
}
