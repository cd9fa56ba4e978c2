//! Checks the peers: an object has one holder at a time, and every object that was put comes out
//! once.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::Ordering::SeqCst,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use crate::{
    peers::{self, Lenders, Stores},
    pool::{Lender, Store},
    things::{BORN, DEAD, Object, Thing, Token},
};

const THREADS: usize = 4;
const TIMES: usize = 300;

/// The addresses of the objects that are held.
#[derive(Default)]
struct Held(Mutex<HashSet<usize>>);

impl Held {
    fn enter(&self, peer: &str, object: &(impl Object + ?Sized)) {
        let new = self.0.lock().unwrap().insert(object.address());
        assert!(new, "{peer}: an object has two holders");
    }

    fn leave(&self, peer: &str, object: &(impl Object + ?Sized)) {
        let there = self.0.lock().unwrap().remove(&object.address());
        assert!(there, "{peer}: an object moved while it was held");
    }
}

/// Gets objects, gives some back on this thread, and sends the others to the next thread.
fn lend<'p, P: Lender>(
    pool: &'p P,
    held: &Held,
    next: Sender<P::Loan<'p>>,
    mine: Receiver<P::Loan<'p>>,
) {
    let back = |mut loan: P::Loan<'p>| {
        held.leave(P::NAME, P::object(&mut loan));
        pool.back(loan);
    };
    for i in 0..TIMES {
        for j in 0..1 + i % 5 {
            let mut loan = pool.get();
            held.enter(P::NAME, P::object(&mut loan));
            if j % 2 == 0 { back(loan) } else { next.send(loan).unwrap() }
        }
        mine.try_iter().for_each(back);
    }
    drop(next);
    mine.iter().for_each(back);
}

/// Runs each of these on a thread, and waits until the threads and their thread-locals have ended.
fn on_threads<F: FnOnce() + Send>(works: impl Iterator<Item = F>) {
    thread::scope(|s| {
        let handles: Vec<_> = works.map(|work| s.spawn(work)).collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

fn check_lender<P: Lender>() {
    let (pool, held) = (P::new(), Held::default());
    let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| channel()).unzip();
    senders.rotate_left(1);
    let ends = senders.into_iter().zip(receivers);
    on_threads(ends.map(|(next, mine)| || lend(&pool, &held, next, mine)));
    assert!(held.0.lock().unwrap().is_empty(), "{}: an object never came back", P::NAME);
}

/// Puts and takes objects, and holds a few of them in between.
fn trade<P: Store<Object = Token>>(pool: &P, held: &Held) {
    let mut tokens = Vec::new();
    for i in 0..TIMES {
        tokens
            .extend((0..1 + i % 5).filter_map(|_| pool.take()).inspect(|t| held.enter(P::NAME, t)));
        for token in tokens.drain(..) {
            held.leave(P::NAME, &token);
            pool.put(token);
        }
        (0..i % 3).for_each(|_| pool.put(Token::make()));
    }
}

fn check_store<P: Store<Object = Token>>() {
    let (pool, held) = (P::new(), Held::default());
    on_threads((0..THREADS).map(|_| || trade(&pool, &held)));
}

/// Runs a check on a thread of its own: thread-local pools are dropped when it ends.
fn balanced(peer: &str, check: fn()) {
    thread::spawn(check).join().unwrap();
    assert_eq!(BORN.load(SeqCst), DEAD.load(SeqCst), "{peer}: objects made, and dropped");
    assert_ne!(BORN.load(SeqCst), 0);
}

struct Books;

impl Lenders for Books {
    fn visit<P: Lender>(&mut self) {
        balanced(P::NAME, check_lender::<P>);
    }
}

impl Stores<Token> for Books {
    fn visit<P: Store<Object = Token>>(&mut self) {
        balanced(P::NAME, check_store::<P>);
    }
}

pub fn check() {
    peers::lenders::<Token>(&mut Books);
    peers::stores::<Token>(&mut Books);
    peers::byte_lenders(&mut Books);
}
