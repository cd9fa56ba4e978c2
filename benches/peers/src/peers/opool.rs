//! opool.

use opool::{Pool, PoolAllocator, RefGuard};

use crate::{peers::BOUND, pool::Lender, things::Thing};

pub struct Maker;

impl<T: Thing> PoolAllocator<T> for Maker {
    #[inline]
    fn allocate(&self) -> T {
        T::make()
    }
}

pub struct Opool<T: Thing>(Pool<Maker, T>);

impl<T: Thing> Lender for Opool<T> {
    type Loan<'a> = RefGuard<'a, Maker, T>;
    type Object = T;

    const NAME: &'static str = "opool";

    fn new() -> Self {
        Self(Pool::new(BOUND, Maker))
    }

    #[inline(always)]
    fn get(&self) -> RefGuard<'_, Maker, T> {
        self.0.get()
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut RefGuard<'_, Maker, T>) -> &'l mut T {
        loan
    }
}
