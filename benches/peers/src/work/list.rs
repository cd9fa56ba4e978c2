//! The list of workloads.

use std::time::Duration;

use crate::{
    clock::Plan,
    work::{Entry, alone, passing, values},
};

pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    /// A description of one operation, and notes on the results.
    pub text: &'static str,
    /// The peers that are missing, and why.
    pub absent: &'static str,
    pub threads: &'static [usize],
    pub peers: fn() -> Vec<Entry>,
    pub collects: bool,
    pub made: Made,
}

/// How the number of created objects is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// For each operation, unless it is about zero.
    PerOperation,
    /// In total: the pool was new when the clock started.
    InAll,
}

/// With more threads than this, not all get a turn in the time of an ordinary sample.
const MANY: usize = 64;

impl Workload {
    pub fn plan(&self, threads: usize, time: Duration) -> Plan {
        let time = if threads > MANY { time * 5 } else { time };
        Plan { threads, time, collects: self.collects, cold: self.made == Made::InAll }
    }
}

const BYTES: &str = "zeropool and the allocators handle bytes only.";
const GUARDS: &str = "opool, lockfree-object-pool, regex-automata's pool, poolshark's global pool and zeropool lend \
                      only objects that they made themselves.";
const GUARDS_AND_SLOT: &str = "The pools that lend only their own objects (see above), and the `thread_local!` slot, \
                               which keeps one object.";

pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "hit",
        title: "Hit",
        text: "Each operation gets a `Vec<u8>` with a capacity of 4096, looks at it and gives it back.",
        absent: "",
        threads: &[1, 2, 16, 512],
        peers: alone::hit,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "two",
        title: "Two held at once",
        text: "Each operation gets two such buffers, then gives both back.",
        absent: "",
        threads: &[1, 2],
        peers: alone::two,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "hundred",
        title: "A hundred held at once",
        text: "Each operation gets a hundred such buffers, then gives all of them back.",
        absent: "",
        threads: &[1, 2],
        peers: alone::hundred,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "passing",
        title: "Producer and consumer",
        text: "One thread gets such buffers and sends them through a ring of 256 slots; another thread gives them \
               back. An operation is one buffer's way through, the ring included.",
        absent: "",
        threads: &[2],
        peers: passing::passing,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "expensive",
        title: "Expensive objects",
        text: "Making an object takes 10 µs. One operation is sixteen bursts of 1 to 16 objects, 136 in all; each \
               burst gets its objects, then gives all of them back. The pool is new when the clock starts. The \
               number of objects made in the whole sample follows the times. It includes objects that a pool makes \
               ahead of time, but the time does not include making those.",
        absent: BYTES,
        threads: &[2, 16],
        peers: alone::expensive,
        collects: false,
        made: Made::InAll,
    },
    Workload {
        name: "collected",
        title: "Collects under load",
        text: "The hit, while another thread calls `corepool::collect()` every millisecond. The peers have no \
               ageing, and run without it.",
        absent: "",
        threads: &[1, 2],
        peers: alone::hit,
        collects: true,
        made: Made::PerOperation,
    },
    Workload {
        name: "one",
        title: "Go's `BenchmarkPool`",
        text: "Each operation puts a number and takes one, by value. A thread-local slot for a number needs no \
               destructor, which lets the compiler optimise it further.",
        absent: GUARDS,
        threads: &[1, 2],
        peers: values::one,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "overflow",
        title: "Go's `BenchmarkPoolOverflow`",
        text: "Each operation puts a hundred numbers, then takes a hundred, by value.",
        absent: GUARDS_AND_SLOT,
        threads: &[1, 2],
        peers: values::overflow,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "starvation",
        title: "Go's `BenchmarkPoolStarvation`",
        text: "Each operation puts 67 numbers, then tries to take a hundred, by value.",
        absent: GUARDS_AND_SLOT,
        threads: &[1, 2],
        peers: values::starvation,
        collects: false,
        made: Made::PerOperation,
    },
];
