//! poolshark: thread-local pools, one for each type, and global ones.

use std::marker::PhantomData;

use poolshark::{
    Discriminant, IsoPoolable, Poolable,
    global::{GPooled, Pool},
    local::{self, LPooled},
    location_id,
};

use crate::{
    peers::BOUND,
    pool::{Lender, Store},
    things::{Buffer, Context, Thing, Token},
};

/// A type that has thread-local pools.
pub trait Iso: Thing {
    const ID: Option<Discriminant>;
}

impl Iso for Buffer {
    const ID: Option<Discriminant> = Discriminant::new(location_id!());
}

impl Iso for usize {
    const ID: Option<Discriminant> = Discriminant::new(location_id!());
}

impl Iso for Context {
    const ID: Option<Discriminant> = Discriminant::new(location_id!());
}

impl Iso for Token {
    const ID: Option<Discriminant> = Discriminant::new(location_id!());
}

pub struct Kept<T>(T);

impl<T: Thing> Poolable for Kept<T> {
    fn empty() -> Self {
        Self(T::make())
    }

    fn reset(&mut self) {}

    fn capacity(&self) -> usize {
        1
    }
}

// SAFETY: each type has an id of its own.
unsafe impl<T: Iso> IsoPoolable for Kept<T> {
    const DISCRIMINANT: Option<Discriminant> = T::ID;
}

pub struct Local<T>(PhantomData<fn() -> T>);

impl<T: Iso> Lender for Local<T> {
    type Loan<'a> = LPooled<Kept<T>>;
    type Object = T;

    const NAME: &'static str = "poolshark, local";

    fn new() -> Self {
        local::set_size::<Kept<T>>(BOUND, 1);
        Self(PhantomData)
    }

    #[inline(always)]
    fn get(&self) -> LPooled<Kept<T>> {
        LPooled::take()
    }

    #[inline(always)]
    fn object(loan: &mut LPooled<Kept<T>>) -> &mut T {
        &mut loan.0
    }
}

pub struct LocalValues<T>(PhantomData<fn() -> T>);

impl<T: Iso> Store for LocalValues<T> {
    type Object = T;

    const NAME: &'static str = "poolshark, local";

    fn new() -> Self {
        local::set_size::<Kept<T>>(BOUND, 1);
        Self(PhantomData)
    }

    #[inline(always)]
    fn put(&self, object: T) {
        drop(local::insert(Kept(object)));
    }

    /// It creates an object if it has none.
    #[inline(always)]
    fn take(&self) -> Option<T> {
        Some(local::take::<Kept<T>>().0)
    }
}

pub struct Global<T: Thing>(Pool<Kept<T>>);

impl<T: Thing> Lender for Global<T> {
    type Loan<'a> = GPooled<Kept<T>>;
    type Object = T;

    const NAME: &'static str = "poolshark, global";

    fn new() -> Self {
        Self(Pool::new(BOUND, 1))
    }

    #[inline(always)]
    fn get(&self) -> GPooled<Kept<T>> {
        self.0.take()
    }

    #[inline(always)]
    fn object(loan: &mut GPooled<Kept<T>>) -> &mut T {
        &mut loan.0
    }
}
