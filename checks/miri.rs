//! What a user's own tests do with pools, for Miri: threads that get, return, take and put, guards
//! that other threads drop, collects, and pools that are dropped with idle objects.
//!
//! `ci/miri` runs this program as Miri does by default: under Stacked Borrows, and every leak is an
//! error.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

use corepool::{PerSeat, Pool, Pooled, buffer::BufferPool, collect, on_collect};

static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);
static BUFFERS: BufferPool = BufferPool::new();

fn main() {
    guards_on_several_threads();
    values();
    many_objects();
    dropped_pools();
    buffers();
    values_of_seats();
    println!("miri: {:?}", POOL.stats());
}

/// Guards are dropped by their own threads and by others; one is forgotten for a while.
fn guards_on_several_threads() {
    let (sender, receiver) = mpsc::channel::<Pooled<'static, Vec<u8>>>();
    let consumer =
        thread::spawn(move || receiver.into_iter().map(|held| held.len()).sum::<usize>());
    let producer = |sender: mpsc::Sender<_>| {
        for i in 0..10 {
            let (mut held, mut sent) = (POOL.get(), POOL.get());
            held.clear();
            held.push(i);
            sent.clear();
            sent.push(i);
            sender.send(sent).unwrap();
            assert_eq!(*held, [i]);
        }
    };
    thread::scope(|s| {
        for _ in 0..2 {
            let sender = sender.clone();
            s.spawn(move || producer(sender));
        }
        s.spawn(|| (0..4).for_each(|_| collect()));
    });
    drop(sender);
    assert_eq!(consumer.join().unwrap(), 20);
}

/// Values are taken and put, by threads that end.
fn values() {
    let pool = Arc::new(Pool::<String>::new(|| "new".into()).with_recycle(|text| !text.is_empty()));
    let first = pool.get_owned();
    for _ in 0..3 {
        let pool = Arc::clone(&pool);
        let user = thread::spawn(move || {
            let mut text = pool.take();
            text.push('!');
            pool.put(text);
            pool.put(String::new());
            Pooled::detach(pool.get())
        });
        assert!(user.join().unwrap().starts_with("new"));
    }
    let shared = Arc::downgrade(&pool);
    drop(pool);
    drop(first);
    assert!(shared.upgrade().is_none());
}

/// More objects than a thread keeps to itself, with and without a bound. Owned guards outlive their
/// pool.
fn many_objects() {
    let kept: Vec<_> = [usize::MAX, 20]
        .map(|bound| {
            let pool = Pool::<Vec<u8>>::new(|| vec![0; 9]).with_max_idle(bound);
            thread::scope(|s| {
                for _ in 0..3 {
                    s.spawn(|| (0..3).for_each(|_| drop([(); 30].map(|()| pool.get()))));
                }
                s.spawn(|| (0..60).for_each(|_| drop(pool.get_owned())));
                s.spawn(|| (0..4).for_each(|_| collect()));
            });
            assert!(pool.stats().idle <= bound as u64);
            pool.get_owned()
        })
        .into();
    assert!(kept.iter().all(|vec| vec.len() == 9));
    thread::spawn(move || drop(kept)).join().unwrap();
}

/// Pools are dropped with idle objects of both generations, with spare cells, and unused.
fn dropped_pools() {
    let token = Arc::new(());
    let pool = Pool::new(|| Arc::clone(&token));
    drop([(); 5].map(|()| pool.get()));
    pool.trim();
    drop(pool.take());
    thread::scope(|s| {
        s.spawn(|| drop([(); 5].map(|()| pool.get())));
    });
    assert!(pool.stats().idle > 0);
    drop(pool);
    drop(Pool::<u8>::new(|| 0).with_max_idle(1));
    assert_eq!(Arc::strong_count(&token), 1);
}

/// Buffers are frozen, split and dropped elsewhere.
fn buffers() {
    let mut buffer = BUFFERS.get();
    buffer.extend_from_slice(&[1; 3000]);
    let bytes = buffer.freeze();
    let tail = bytes.slice(1000..);
    thread::spawn(move || drop(bytes)).join().unwrap();
    assert_eq!(tail[..], [1; 2000]);
    drop(tail);
    assert_eq!((BUFFERS.stats().outstanding, BUFFERS.stats().idle), (0, 1));
    drop(BUFFERS.adopt(vec![2; 5000]));
    BUFFERS.clear();
}

/// Threads count on their own values, one after the other and at once. Another thread adds them up meanwhile, and so
/// does a function at each collect.
fn values_of_seats() {
    let counts = Arc::new(PerSeat::new(|| Box::new(AtomicUsize::new(0))));
    let sum =
        |counts: &PerSeat<Box<AtomicUsize>>| counts.fold(0, |sum, one| sum + one.load(Relaxed));
    let ready = Barrier::new(10);
    let (collected, sums) = (Arc::clone(&counts), mpsc::channel());
    let registration = on_collect(move || _ = sums.0.send(sum(&collected)));
    for _ in 0..3 {
        thread::scope(|s| {
            for _ in 0..10 {
                s.spawn(|| {
                    let count = || counts.with(|own| own.store(own.load(Relaxed) + 1, Relaxed));
                    count();
                    // All have seats at one time, so that the table grows.
                    ready.wait();
                    (0..2).for_each(|_| count());
                });
            }
            s.spawn(collect);
        });
    }
    collect();
    drop(registration);
    assert_eq!((sum(&counts), sums.1.into_iter().last()), (90, Some(90)));
}
