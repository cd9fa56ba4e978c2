//! zeropool, which supports buffers only. Without zeroing, because the other peers do not zero
//! either.

use std::mem::MaybeUninit;

use zeropool::{BufUninit, ZeroPool};

use crate::{
    peers::BOUND,
    pool::Lender,
    things::{Object, ROOM},
};

pub struct Zero(ZeroPool);

impl Object for [MaybeUninit<u8>] {
    fn address(&self) -> usize {
        self.as_ptr() as usize
    }
}

impl Lender for Zero {
    type Loan<'a> = BufUninit<'a>;
    type Object = [MaybeUninit<u8>];

    const NAME: &'static str = "zeropool";

    fn new() -> Self {
        Self(ZeroPool::new().max_buffers_per_class(BOUND))
    }

    #[inline(always)]
    fn get(&self) -> BufUninit<'_> {
        self.0.alloc_uninit(ROOM)
    }

    #[inline(always)]
    fn object<'l>(loan: &'l mut BufUninit<'_>) -> &'l mut [MaybeUninit<u8>] {
        loan.as_uninit_mut()
    }
}
