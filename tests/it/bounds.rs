//! `with_max_idle` limits the number of idle objects of all threads together, at any time.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use corepool::{Pool, collect};

use crate::rng::Rng;
use crate::util::{Peer, alone, drain, live, on_thread, on_threads, panics, repeat};

const BOUNDS: [usize; 6] = [0, 1, 2, 7, 64, 1_000];

type Tokens = Pool<Arc<()>>;

fn bounded(n: usize) -> Tokens {
    <Tokens>::new(Arc::default).with_max_idle(n)
}

fn fill(pool: &Tokens, token: &Arc<()>, n: usize) {
    (0..n).for_each(|_| pool.put(token.clone()));
}

/// Objects that are alive and not held are idle. The test counts them, not the pool.
fn stays_within(n: usize, threads: usize) {
    const HELD: usize = 12;
    let token = Arc::new(());
    let source = token.clone();
    let pool = Pool::new(move || source.clone()).with_max_idle(n);
    let live = || live(&token) - 1;
    let quiet = Barrier::new(threads);
    on_threads(threads, |i| {
        let mut rng = Rng::new(i);
        for _ in 0..repeat(4, 2) {
            for _ in 0..repeat(20, 4) {
                let mut held = Vec::from_iter((0..rng.below(HELD)).map(|_| pool.get()));
                assert!(live() <= n + threads * HELD, "{} alive", live());
                held.truncate(rng.below(HELD));
                (0..rng.below(HELD / 2)).for_each(|_| pool.put(token.clone()));
            }
            quiet.wait();
            assert!(live() <= n, "{} of {n} idle", live());
            assert_eq!(pool.stats().idle as usize, live());
            quiet.wait();
        }
    });
    assert!(live() <= n);
    assert_eq!(pool.stats().idle as usize, live());
    let left = live();
    assert_eq!(drain(&pool).len(), left);
    assert_eq!(live(), 0);
}

#[test]
fn one_thread_stays_within_the_bound() {
    let _alone = alone();
    BOUNDS.iter().for_each(|&n| stays_within(n, 1));
}

#[test]
fn two_threads_stay_within_the_bound() {
    let _alone = alone();
    BOUNDS.iter().for_each(|&n| stays_within(n, 2));
}

#[test]
fn eight_threads_stay_within_the_bound() {
    let _alone = alone();
    BOUNDS.iter().for_each(|&n| stays_within(n, 8));
}

#[test]
fn many_threads_stay_within_the_bound() {
    let _alone = alone();
    BOUNDS.iter().for_each(|&n| stays_within(n, 32));
}

#[test]
fn one_thread_can_fill_a_pool_exactly() {
    let _alone = alone();
    for n in [0, 1, 2, 7, 16, 17, 18, 64, 1_000] {
        let (pool, token) = (bounded(n), Arc::new(()));
        for _ in 0..3 {
            fill(&pool, &token, n);
            assert_eq!((live(&token), pool.stats().dropped), (n, 0));
            assert_eq!(drain(&pool).len(), n);
        }
        fill(&pool, &token, n + 10);
        assert_eq!((live(&token), pool.stats().dropped), (n, 10));
    }
}

/// A bound of 0 turns pooling off.
#[test]
fn a_bound_of_zero_keeps_nothing() {
    let _alone = alone();
    let token = Arc::new(());
    let pool = bounded(0);
    pool.put(token.clone());
    assert_eq!(live(&token), 0);
    (0..3).for_each(|_| drop(pool.get()));
    pool.reserve(5);
    assert!(pool.try_get().is_none());
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.hits, stats.created), (0, 0, 3));
    assert_eq!(stats.dropped, 4);
}

/// Fresh objects and victims both count.
#[test]
fn victims_are_within_the_bound() {
    let _alone = alone();
    let (pool, token) = (bounded(20), Arc::new(()));
    fill(&pool, &token, 20);
    collect();
    fill(&pool, &token, 20);
    assert_eq!(live(&token), 20);
    collect();
    fill(&pool, &token, 20);
    assert_eq!(live(&token), 20);
    on_thread(|| fill(&pool, &token, 20));
    assert_eq!(live(&token), 20);
}

/// A collect returns the unused share of one thread, and another thread can use it.
#[test]
fn a_collect_returns_unused_shares_of_the_bound() {
    let _alone = alone();
    let steps: [fn(&Tokens); 2] = [|_| collect(), |pool| pool.trim()];
    for step in steps {
        let (pool, token) = (bounded(64), Arc::new(()));
        thread::scope(|s| {
            let peers: Vec<_> = (0..4).map(|_| Peer::new(s)).collect();
            for peer in &peers {
                assert_eq!(
                    peer.run(|| {
                        fill(&pool, &token, 1);
                        drain(&pool).len()
                    }),
                    1
                );
            }
            step(&pool);
            fill(&pool, &token, 100);
            assert_eq!(live(&token), 64);
        });
    }
}

#[test]
fn ended_threads_return_their_shares_of_the_bound() {
    let _alone = alone();
    let (pool, token) = (bounded(10), Arc::new(()));
    for _ in 0..20 {
        on_threads(4, |_| fill(&pool, &token, 3));
        assert!(live(&token) <= 10);
        drain(&pool);
    }
    pool.trim();
    fill(&pool, &token, 30);
    assert_eq!(live(&token), 10);
}

/// Taking, clearing and ageing make room for new objects.
#[test]
fn room_that_was_freed_is_used_again() {
    let _alone = alone();
    let empty: [fn(&Tokens); 4] = [
        |pool| drop(drain(pool)),
        |pool| pool.clear(),
        |pool| (0..2).for_each(|_| pool.trim()),
        |pool| on_thread(|| pool.clear()),
    ];
    for empty in empty {
        let (pool, token) = (bounded(40), Arc::new(()));
        for _ in 0..3 {
            fill(&pool, &token, 50);
            assert_eq!(live(&token), 40);
            empty(&pool);
            assert_eq!(live(&token), 0);
        }
    }
}

/// Objects are taken on one thread and returned on another.
#[test]
fn room_moves_between_threads_with_its_objects() {
    let _alone = alone();
    let (pool, token) = (bounded(30), Arc::new(()));
    fill(&pool, &token, 30);
    for _ in 0..10 {
        let held: Vec<_> = (0..30).map(|_| pool.try_get()).collect();
        on_thread(move || drop(held));
        assert!(live(&token) <= 30);
        assert_eq!(live(&token), pool.stats().idle as usize);
        pool.trim();
        let missing = 30 - live(&token);
        fill(&pool, &token, missing);
        assert_eq!(live(&token), 30);
    }
}

#[test]
fn reserve_stops_at_the_bound() {
    let _alone = alone();
    let pool = bounded(10);
    pool.reserve(4);
    assert_eq!((pool.stats().idle, pool.stats().created), (4, 4));
    pool.reserve(usize::MAX);
    assert_eq!((pool.stats().idle, pool.stats().created), (10, 10));
    pool.reserve(1);
    assert_eq!((pool.stats().created, pool.stats().dropped), (10, 0));
    assert_eq!(on_thread(|| drain(&pool).len()), 10);
}

#[test]
fn an_absurd_reserve_panics_and_makes_nothing() {
    let _alone = alone();
    for limit in [usize::MAX, usize::MAX - 1] {
        let pool = bounded(limit);
        let text = panics(|| pool.reserve(usize::MAX));
        assert!(text.contains("capacity overflow"));
        assert_eq!(pool.stats().created, 0);
        pool.reserve(2);
        assert_eq!(pool.stats().idle, 2);
    }
}

/// One thread puts and another only takes. The taker keeps no share of the bound that it never
/// uses.
#[test]
fn a_thread_that_only_takes_hoards_no_room() {
    let _alone = alone();
    for limit in [16, 32, 34, 64] {
        let pool = <Pool<usize>>::new(|| 0).with_max_idle(limit);
        let (ask, asked) = mpsc::channel::<()>();
        let (answer, answers) = mpsc::channel();
        thread::scope(|s| {
            let pool = &pool;
            let taker =
                s.spawn(move || asked.iter().for_each(|()| answer.send(pool.try_take()).unwrap()));
            let mut found = 0;
            let n = repeat(1000, 100);
            for i in 0..n {
                pool.put(i);
                ask.send(()).unwrap();
                found += usize::from(answers.recv().unwrap().is_some());
            }
            drop(ask);
            taker.join().unwrap();
            assert!(found > n / 10 * 9, "bound {limit}: {found} of {n} found");
        });
    }
}

/// A bound that is set too late is an error; it is not ignored.
#[test]
fn a_bound_after_the_first_use_panics() {
    let _alone = alone();
    let pool = <Pool<usize>>::new(|| 0);
    pool.put(1);
    let text = panics(move || drop(pool.with_max_idle(2)));
    assert!(text.contains("before the pool is used"));
}

#[test]
fn a_hook_after_the_first_use_panics() {
    let _alone = alone();
    let pool = <Pool<usize>>::new(|| 0);
    pool.put(1);
    let text = panics(move || drop(pool.with_recycle(|_| true)));
    assert!(text.contains("before the pool is used"));
}
