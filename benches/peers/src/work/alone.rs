//! Workloads in which each thread gives back the objects that it got.

use std::{array, hint::black_box, marker::PhantomData};

use crate::{
    clock::{self, Plan, Sample},
    peers::{self, Iso, Lenders},
    pool::Lender,
    things::{Buffer, Context},
    work::Entry,
};

trait Work {
    fn run<P: Lender>(pool: &P, times: u64);
}

/// Gets one object, touches it, and gives it back.
struct Hit;

impl Work for Hit {
    fn run<P: Lender>(pool: &P, times: u64) {
        for _ in 0..times {
            let mut loan = pool.get();
            black_box(P::object(&mut loan));
            pool.back(loan);
        }
    }
}

/// Holds two objects at once.
struct Two;

impl Work for Two {
    fn run<P: Lender>(pool: &P, times: u64) {
        for _ in 0..times {
            let mut first = pool.get();
            let mut second = pool.get();
            black_box(P::object(&mut first));
            black_box(P::object(&mut second));
            pool.back(first);
            pool.back(second);
        }
    }
}

/// Holds a hundred objects at once.
struct Hundred;

impl Work for Hundred {
    fn run<P: Lender>(pool: &P, times: u64) {
        for _ in 0..times {
            let mut loans = array::from_fn::<_, 100, _>(|_| pool.get());
            black_box(&mut loans);
            loans.into_iter().for_each(|loan| pool.back(loan));
        }
    }
}

/// Sixteen bursts, which hold from one to sixteen objects at once.
struct Bursts;

const MOST: usize = 16;

impl Work for Bursts {
    fn run<P: Lender>(pool: &P, times: u64) {
        let mut loans = Vec::with_capacity(MOST);
        for _ in 0..times {
            for i in 0..MOST {
                for _ in 0..1 + i * 7 % MOST {
                    let mut loan = pool.get();
                    black_box(P::object(&mut loan));
                    loans.push(loan);
                }
                loans.drain(..).for_each(|loan| pool.back(loan));
            }
        }
    }
}

struct Entries<W>(Vec<Entry>, PhantomData<W>);

impl<W: Work> Lenders for Entries<W> {
    fn visit<P: Lender>(&mut self) {
        self.0.push(Entry { peer: P::NAME, measure: measure::<W, P> });
    }
}

fn measure<W: Work, P: Lender>(plan: &Plan) -> Sample {
    clock::sample(plan, P::new, P::COLLECT, W::run::<P>)
}

fn on_things<W: Work, T: Iso>() -> Entries<W> {
    let mut entries = Entries(Vec::new(), PhantomData);
    peers::lenders::<T>(&mut entries);
    entries
}

fn on_buffers<W: Work>() -> Vec<Entry> {
    let mut entries = on_things::<W, Buffer>();
    peers::byte_lenders(&mut entries);
    entries.0
}

pub fn hit() -> Vec<Entry> {
    on_buffers::<Hit>()
}

pub fn two() -> Vec<Entry> {
    on_buffers::<Two>()
}

pub fn hundred() -> Vec<Entry> {
    on_buffers::<Hundred>()
}

pub fn expensive() -> Vec<Entry> {
    on_things::<Bursts, Context>().0
}
