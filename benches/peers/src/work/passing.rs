//! A producer gets the objects, and a consumer on another thread gives them back.

use std::{hint::black_box, sync::Barrier, thread, time::Instant};

use crate::{
    clock::{Plan, Sample},
    peers::{self, Lenders},
    pool::Lender,
    things::{Buffer, made},
    work::{
        Entry,
        ring::{Receiver, Ring, Sender},
    },
};

/// The number of objects that the producer sends before it reads the clock.
const STRETCH: u64 = 1024;

fn produce<'p, P: Lender>(pool: &'p P, ring: &mut Sender<'_, P::Loan<'p>>) {
    for _ in 0..STRETCH {
        let mut loan = pool.get();
        black_box(P::object(&mut loan));
        ring.send(loan);
    }
}

fn consume<'p, P: Lender>(pool: &'p P, mut ring: Receiver<'_, P::Loan<'p>>) {
    while let Some(mut loan) = ring.receive() {
        black_box(P::object(&mut loan));
        pool.back(loan);
    }
}

/// Runs the producer. Returns its start, and the numbers of objects that it sent and that were
/// created.
fn time<'p, P: Lender>(
    plan: &Plan,
    pool: &'p P,
    mut ring: Sender<'_, P::Loan<'p>>,
) -> (Instant, u64, u64) {
    produce(pool, &mut ring);
    let (start, before) = (Instant::now(), made());
    let mut passed = 0;
    // At least once, even if the thread is stopped meanwhile.
    loop {
        produce(pool, &mut ring);
        passed += STRETCH;
        if start.elapsed() >= plan.time {
            break;
        }
    }
    (start, passed, made() - before)
}

fn measure<P: Lender>(plan: &Plan) -> Sample {
    let pool = P::new();
    let mut ring = Ring::new();
    let (sender, receiver) = ring.split();
    let (pool, ready) = (&pool, &Barrier::new(2));
    thread::scope(|s| {
        let producer = s.spawn(move || {
            ready.wait();
            time(plan, pool, sender)
        });
        // Moved into the thread: on this thread's stack, the receiver might share a cache line with
        // the pool.
        let consumer = s.spawn(move || {
            ready.wait();
            consume(pool, receiver);
            Instant::now()
        });
        let (start, operations, made) = producer.join().unwrap();
        let end = consumer.join().unwrap();
        Sample { operations, wall: end - start, made }
    })
}

struct Entries(Vec<Entry>);

impl Lenders for Entries {
    fn visit<P: Lender>(&mut self) {
        self.0.push(Entry { peer: P::NAME, measure: measure::<P> });
    }
}

pub fn passing() -> Vec<Entry> {
    let mut entries = Entries(Vec::new());
    peers::lenders::<Buffer>(&mut entries);
    peers::byte_lenders(&mut entries);
    entries.0
}
