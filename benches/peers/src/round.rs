//! One round: one sample of every peer at each workload, in an order that differs from round to
//! round.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::work::WORKLOADS;

/// Runs all workloads, or only the one with this name. Prints a line for each sample: workload,
/// threads, peer, operations, nanoseconds, and objects created.
pub fn run(time: Duration, only: Option<&str>) {
    let wanted = |name: &&str| only.is_none_or(|only| only == *name);
    for workload in WORKLOADS.iter().filter(|workload| wanted(&workload.name)) {
        for &threads in workload.threads {
            let plan = workload.plan(threads, time);
            let mut entries = (workload.peers)();
            shuffle(&mut entries);
            for entry in entries {
                let sample = (entry.measure)(&plan);
                assert!(sample.operations > 0, "{} did nothing", entry.peer);
                println!(
                    "{}\t{threads}\t{}\t{}\t{}\t{}",
                    workload.name,
                    entry.peer,
                    sample.operations,
                    sample.wall.as_nanos(),
                    sample.made,
                );
            }
        }
    }
}

fn shuffle<T>(list: &mut [T]) {
    let random = RandomState::new();
    for i in (1..list.len()).rev() {
        let j = random.hash_one(i) as usize % (i + 1);
        list.swap(i, j);
    }
}
