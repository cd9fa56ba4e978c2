//! Shards, and tables of seats, that a collect removes.

use loom::{sync::Arc, thread};

use super::{long_model, model, model_pool::ModelPool};
use crate::{seat::fence::FenceKind, sync::freed};

/// Returns a pool with a shard for the first seat that the next collect frees unless it is used.
/// The chain of the shard has held an object, and its bit in the occupancy map is set.
fn with_unused_shard(puts: usize) -> Arc<ModelPool> {
    let pool = ModelPool::new(FenceKind::Asymmetric, usize::MAX);
    let seat = pool.seats.join().unwrap();
    pool.fill(seat, puts);
    (0..puts).for_each(|_| drop(pool.get(seat).unwrap()));
    pool.collect();
    pool
}

fn has_shard(pool: &ModelPool) -> bool {
    // SAFETY: no other thread uses the seat.
    pool.core.shard(unsafe { pool.seats.held(0) }, &pool.seats.read(None)).is_some()
}

/// A collect frees a shard, while its owner looks it up for a hit and uses it, or gets another one.
#[test]
fn removal_against_owner() {
    long_model("removal_against_owner", 2, || {
        let pool = with_unused_shard(1);
        let before = freed();
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        // SAFETY: this thread's seat.
        let seat = unsafe { pool.seats.held(0) };
        let found = pool.with_own(seat, |shard| {
            // SAFETY: pinned.
            let owner = unsafe { shard.owner() };
            let put = owner.push(pool.ledger.object(), 0, &pool.core.quota, &mut None);
            assert!(put.is_ok(), "a free slot");
        });
        pool.fill(seat, 1);
        collector.join().unwrap();
        let kept = 1 + u64::from(found.is_some());
        let stats = pool.core.stats();
        assert_eq!((stats.idle, stats.hits), (kept, 1));
        // A shard and a table, if any.
        assert!(freed() - before <= 2);
    });
}

/// A collect frees a shard, while a thief searches it.
#[test]
fn removal_against_thief() {
    model("removal_against_thief", Some(1), || {
        let pool = with_unused_shard(4);
        let thief = pool.seats.join().unwrap();
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        // Searches twice, for either generation.
        assert!(pool.core.take(Some(thief)).is_none());
        collector.join().unwrap();
        assert!(!has_shard(&pool), "unused since the collect before");
        assert_eq!(pool.core.stats().hits, 4);
    });
}

/// A collect frees a shard and the table of its seat, while another thread counts.
#[test]
fn removal_against_stats() {
    long_model("removal_against_stats", 2, || {
        let pool = with_unused_shard(1);
        let collector = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.collect())
        };
        assert_eq!(pool.core.stats().idle, 0);
        collector.join().unwrap();
        assert_eq!(pool.core.stats().hits, 1);
    });
}
