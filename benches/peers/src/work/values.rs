//! Workloads of Go's own benchmarks, which put and take objects by value.

use std::{array, hint::black_box, marker::PhantomData};

use corepool::{Pool, Pooled};

use crate::{
    clock::{self, Plan, Sample},
    peers::{self, Stores},
    pool::Store,
    work::Entry,
};

trait Work {
    /// The number of objects that a pool must keep.
    const ROOM: usize;

    fn run<P: Store<Object = usize>>(pool: &P, times: u64);
}

/// Puts `PUT` objects, and takes `TAKE`.
struct PutTake<const PUT: usize, const TAKE: usize>;

impl<const PUT: usize, const TAKE: usize> Work for PutTake<PUT, TAKE> {
    const ROOM: usize = PUT;

    fn run<P: Store<Object = usize>>(pool: &P, times: u64) {
        for _ in 0..times {
            for _ in 0..PUT {
                pool.put(1);
            }
            for _ in 0..TAKE {
                black_box(pool.take());
            }
        }
    }
}

struct Entries<W>(Vec<Entry>, PhantomData<W>);

impl<W: Work> Stores<usize> for Entries<W> {
    fn visit<P: Store<Object = usize>>(&mut self) {
        if P::ROOM >= W::ROOM {
            self.0.push(Entry { peer: P::NAME, measure: measure::<W, P> });
        }
    }
}

fn measure<W: Work, P: Store<Object = usize>>(plan: &Plan) -> Sample {
    clock::sample(plan, P::new, P::COLLECT, W::run::<P>)
}

fn entries<W: Work>() -> Vec<Entry> {
    let mut entries = Entries::<W>(Vec::new(), PhantomData);
    peers::stores(&mut entries);
    entries.0
}

pub fn one() -> Vec<Entry> {
    entries::<PutTake<1, 1>>()
}

pub fn overflow() -> Vec<Entry> {
    entries::<PutTake<100, 100>>()
}

/// A third of the taken objects was never put.
pub fn starvation() -> Vec<Entry> {
    let mut entries = entries::<PutTake<67, 100>>();
    entries.push(Entry { peer: "corepool, guards", measure: starve_guards });
    entries
}

/// The same with guards: a third of a hundred tries finds nothing. An object of another thread that
/// these tries find is discarded, and missing objects are put, so each round leaves 67 objects.
fn starve_guards(plan: &Plan) -> Sample {
    clock::sample(
        plan,
        || <Pool<usize>>::new(|| 1),
        Some(corepool::collect),
        |pool: &Pool<usize>, times| {
            for _ in 0..times {
                let mut held = array::from_fn::<_, 67, _>(|_| pool.try_get());
                black_box(&mut held);
                for _ in 67..100 {
                    pool.try_get().into_iter().for_each(Pooled::discard);
                }
                let missing = held.iter().filter(|guard| guard.is_none()).count();
                drop(held);
                (0..missing).for_each(|_| pool.put(1));
            }
        },
    )
}
