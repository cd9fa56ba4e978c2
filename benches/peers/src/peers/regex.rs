//! regex-automata's pool.

use regex_automata::util::pool::{Pool, PoolGuard};

use crate::{pool::Lender, things::Thing};

type Make<T> = fn() -> T;

pub struct Regex<T>(Pool<T, Make<T>>);

impl<T: Thing> Lender for Regex<T> {
    type Loan<'a> = PoolGuard<'a, T, Make<T>>;
    type Object = T;

    const NAME: &'static str = "regex-automata";

    fn new() -> Self {
        Self(Pool::new(T::make))
    }

    #[inline(always)]
    fn get(&self) -> PoolGuard<'_, T, Make<T>> {
        self.0.get()
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut PoolGuard<'_, T, Make<T>>) -> &'l mut T {
        loan
    }

    /// As the documentation advises: the compiler generates better code than for the guard's
    /// `drop`.
    #[inline(always)]
    fn back(&self, loan: PoolGuard<'_, T, Make<T>>) {
        PoolGuard::put(loan);
    }
}
