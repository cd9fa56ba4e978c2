//! What is emitted, and when.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use corepool::{Pool, collect};
use tracing::Level;

use crate::{
    alone,
    subscriber::{self, Keeper, Seen},
};

/// The pool of an event, and another of its fields.
fn field<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.fields.get(name).map_or("none", String::as_str)
}

/// The events with this message that concern this pool.
fn of_pool(keeper: &Keeper, message: &str, pool: &str) -> Vec<Seen> {
    let all = keeper.take(message);
    all.into_iter().filter(|seen| field(seen, "pool") == pool).collect()
}

#[test]
fn a_collect_says_what_it_has_dropped() {
    let _alone = alone();
    let keeper = Keeper::new();
    let pool = <Pool<u32>>::new(|| 0);
    (0..10).for_each(|i| pool.put(i));
    keeper.with(|| (0..3).for_each(|_| collect()));
    let collects = keeper.take("collect");
    assert_eq!(collects.len(), 3);
    let dropped: Vec<_> = collects.iter().map(|seen| field(seen, "dropped")).collect();
    assert_eq!((dropped, pool.stats().dropped), (vec!["0", "10", "0"], 10));
    for seen in collects {
        assert_eq!(seen.level, Level::DEBUG);
        assert!(field(&seen, "took_us").parse::<u64>().is_ok(), "{seen:?}");
    }
}

#[test]
fn a_pool_that_ages_or_is_cleared_says_so() {
    let _alone = alone();
    let keeper = Keeper::new();
    let pool = <Pool<u32>>::new(|| 0).with_name("says so").with_min_idle(usize::MAX);
    (0..10).for_each(|i| pool.put(i));
    keeper.with(|| {
        pool.trim();
        pool.clear();
    });
    let events = ["trim", "clear"].map(|message| of_pool(&keeper, message, "says so"));
    let dropped = events.each_ref().map(|seen| {
        assert_eq!((seen.len(), seen[0].level), (1, Level::DEBUG));
        field(&seen[0], "dropped").to_owned()
    });
    assert_eq!(dropped, ["0", "10"]);
}

#[test]
fn growth_is_traced() {
    let _alone = alone();
    let keeper = Keeper::new();
    let pool = <Pool<u32>>::new(|| 0).with_name("grows");
    keeper.with(|| (0..1000).for_each(|i| pool.put(i)));
    let shards = of_pool(&keeper, "new shard", "grows");
    assert_eq!((shards.len(), shards[0].level), (1, Level::TRACE));
    let rings = of_pool(&keeper, "new ring", "grows");
    let slots: Vec<usize> = rings.iter().map(|it| field(it, "slots").parse().unwrap()).collect();
    assert!(slots.len() > 1 && slots.is_sorted(), "{slots:?}");
    assert_eq!(rings[0].level, Level::TRACE);
    keeper.with(|| (0..500).for_each(|_| drop(pool.get())));
    assert_eq!(keeper.seen().iter().filter(|it| field(it, "pool") == "grows").count(), 0, "hits");
}

/// What another thread keeps for itself is recalled.
#[test]
fn a_recall_is_traced() {
    let _alone = alone();
    let keeper = Keeper::new();
    let pool = &<Pool<u32>>::new(|| 0).with_name("recalls");
    thread::scope(|s| {
        let (stop, stopped) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        s.spawn(move || {
            pool.put(1);
            tell.send(()).unwrap();
            let _ = stopped.recv();
        });
        told.recv().unwrap();
        assert_eq!(keeper.with(|| pool.try_take()), Some(1));
        drop(stop);
    });
    let recalls = of_pool(&keeper, "recall", "recalls");
    assert_eq!(recalls.len(), 1, "{recalls:?}");
    assert_eq!((field(&recalls[0], "what"), field(&recalls[0], "found")), ("object", "true"));
    assert_eq!(recalls[0].level, Level::TRACE);
}

/// There is no hook. The event is emitted on a thread of the runtime, so the subscriber is that of the process.
#[test]
fn a_stall_is_reported() {
    let _alone = alone();
    let keeper = subscriber::process();
    let builder = corepool::rt::Builder::new().workers(1).thread_name("stuck");
    let runtime = builder.stall_after(Some(Duration::from_millis(1))).build().unwrap();
    let start = Instant::now();
    let stall = loop {
        let busy = corepool::rt::named("busy", async {
            thread::sleep(Duration::from_millis(30));
        });
        runtime.block_on(runtime.spawn(busy)).unwrap();
        if let Some(stall) = keeper.take("stall").pop() {
            break stall;
        }
        assert!(start.elapsed() < Duration::from_secs(150), "no event");
    };
    assert_eq!(stall.level, Level::WARN);
    assert!(field(&stall, "thread").starts_with("stuck-"), "{stall:?}");
    assert_eq!(field(&stall, "task"), "busy");
    assert!(field(&stall, "elapsed_ms").parse::<u64>().is_ok());
}
