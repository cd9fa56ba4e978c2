//! The operations of a pool that the workloads use.

use crate::things::{Object, Thing};

/// A pool that lends its objects.
pub trait Lender: Sync + Sized {
    /// An object on loan: a guard, or the object itself. Any thread may give it back.
    type Loan<'a>: Send
    where
        Self: 'a;
    type Object: Object + ?Sized;

    const NAME: &'static str;
    /// Ages the idle objects, if the pool supports that.
    const COLLECT: Option<fn()> = None;

    fn new() -> Self;

    /// Returns an idle object or a new one.
    fn get(&self) -> Self::Loan<'_>;

    fn object<'l>(loan: &'l mut Self::Loan<'_>) -> &'l mut Self::Object;

    fn back(&self, loan: Self::Loan<'_>) {
        drop(loan);
    }
}

/// A pool that accepts and hands out any objects, like Go's.
pub trait Store: Sync + Sized {
    type Object: Thing;

    const NAME: &'static str;
    const COLLECT: Option<fn()> = None;
    /// The number of objects that it can keep, if a workload may need more.
    const ROOM: usize = usize::MAX;

    fn new() -> Self;

    fn put(&self, object: Self::Object);

    fn take(&self) -> Option<Self::Object>;

    /// Takes an object, or makes one.
    #[inline(always)]
    fn take_or_make(&self) -> Self::Object {
        self.take().unwrap_or_else(Self::Object::make)
    }
}

impl<S: Store> Lender for S {
    type Loan<'a>
        = S::Object
    where
        S: 'a;
    type Object = S::Object;

    const NAME: &'static str = S::NAME;
    const COLLECT: Option<fn()> = S::COLLECT;

    fn new() -> Self {
        Store::new()
    }

    #[inline(always)]
    fn get(&self) -> S::Object {
        self.take_or_make()
    }

    #[inline(always)]
    fn object(loan: &mut S::Object) -> &mut S::Object {
        loan
    }

    #[inline(always)]
    fn back(&self, loan: S::Object) {
        self.put(loan);
    }
}
