//! No pool: each object is allocated.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    marker::PhantomData,
};

use crate::{
    pool::Lender,
    things::{Object, ROOM},
};

const LAYOUT: Layout = match Layout::from_size_align(ROOM, 1) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

pub trait Source: GlobalAlloc + Sync + 'static {
    const NAME: &'static str;
    const IT: Self;
}

impl Source for System {
    #[cfg(target_env = "gnu")]
    const NAME: &'static str = "allocation, glibc";
    #[cfg(not(target_env = "gnu"))]
    const NAME: &'static str = "allocation, system";
    const IT: Self = System;
}

impl Source for mimalloc::MiMalloc {
    const NAME: &'static str = "allocation, mimalloc";
    const IT: Self = mimalloc::MiMalloc;
}

#[cfg(feature = "jemalloc")]
impl Source for tikv_jemallocator::Jemalloc {
    const NAME: &'static str = "allocation, jemalloc";
    const IT: Self = tikv_jemallocator::Jemalloc;
}

pub struct Block(*mut u8);

// SAFETY: only its holder uses the pointer.
unsafe impl Send for Block {}

impl Object for Block {
    fn address(&self) -> usize {
        self.0 as usize
    }
}

pub struct Heap<S>(PhantomData<S>);

impl<S: Source> Lender for Heap<S> {
    type Loan<'a> = Block;
    type Object = Block;

    const NAME: &'static str = S::NAME;

    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn get(&self) -> Block {
        // SAFETY: the layout has a size.
        let start = unsafe { S::IT.alloc(LAYOUT) };
        assert!(!start.is_null());
        Block(start)
    }

    #[inline(always)]
    fn object(loan: &mut Block) -> &mut Block {
        loan
    }

    #[inline(always)]
    fn back(&self, loan: Block) {
        // SAFETY: the pointer comes from `get`, and is freed once.
        unsafe { S::IT.dealloc(loan.0, LAYOUT) };
    }
}
