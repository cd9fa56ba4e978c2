//! lockfree-object-pool: the pool that its documentation shows first.

use lockfree_object_pool::{LinearObjectPool, LinearReusable};

use crate::{pool::Lender, things::Thing};

pub struct Linear<T>(LinearObjectPool<T>);

impl<T: Thing> Lender for Linear<T> {
    type Loan<'a> = LinearReusable<'a, T>;
    type Object = T;

    const NAME: &'static str = "lockfree-object-pool";

    fn new() -> Self {
        Self(LinearObjectPool::new(T::make, |_| {}))
    }

    #[inline(always)]
    fn get(&self) -> LinearReusable<'_, T> {
        self.0.pull()
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut LinearReusable<'_, T>) -> &'l mut T {
        loan
    }
}
