//! Which workloads there are.

use std::time::Duration;

use crate::{
    clock::Plan,
    work::{Entry, alone, passing, values},
};

pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    /// What one operation is, and what is to know about the figures.
    pub text: &'static str,
    /// Which peers are missing, and why.
    pub absent: &'static str,
    pub threads: &'static [usize],
    pub peers: fn() -> Vec<Entry>,
    pub collects: bool,
    pub made: Made,
}

/// How what was made is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// For each operation, where it is not about none.
    PerOperation,
    /// In all: the pool was new when the clock started.
    InAll,
}

/// More than that many threads do not all get their turn in the time of an ordinary sample.
const MANY: usize = 64;

impl Workload {
    pub fn plan(&self, threads: usize, time: Duration) -> Plan {
        let time = if threads > MANY { time * 5 } else { time };
        Plan { threads, time, collects: self.collects, cold: self.made == Made::InAll }
    }
}

const BYTES: &str = "zeropool and the allocators know bytes only.";
const GUARDS: &str = "opool, lockfree-object-pool, regex-automata's pool, poolshark's global pool and zeropool lend what \
                      they made themselves: nothing can be put.";
const GUARDS_AND_SLOT: &str = "Beside those that take nothing in (see above), the `thread_local!` slot, which keeps one \
                               object only.";

pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "hit",
        title: "Hit",
        text: "A `Vec<u8>` with a capacity of 4096 is got, touched and given back.",
        absent: "",
        threads: &[1, 2, 16, 512],
        peers: alone::hit,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "two",
        title: "Two held at once",
        text: "Two such buffers are got, then both are given back.",
        absent: "",
        threads: &[1, 2],
        peers: alone::two,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "hundred",
        title: "A hundred held at once",
        text: "A hundred such buffers are got, then all are given back.",
        absent: "",
        threads: &[1, 2],
        peers: alone::hundred,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "passing",
        title: "Producer and consumer",
        text: "One thread gets such buffers and sends them through a ring of 256 slots; another one gives them back. \
               An operation is a buffer that has passed, the ring included.",
        absent: "",
        threads: &[2],
        peers: passing::passing,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "expensive",
        title: "Expensive objects",
        text: "Making an object takes 10 µs. From 1 to 16 of them are got, then all given back, sixteen times with \
               136 objects in all, which is one operation. The pool is new when the clock starts; what was made in \
               the whole sample is told behind the times, and what a pool makes ahead of time is in it, though not \
               in the time.",
        absent: BYTES,
        threads: &[2, 16],
        peers: alone::expensive,
        collects: false,
        made: Made::InAll,
    },
    Workload {
        name: "collected",
        title: "Collects under load",
        text: "The hit, while another thread calls `corepool::collect()` every millisecond. Peers do not age what is \
               idle, and run without.",
        absent: "",
        threads: &[1, 2],
        peers: alone::hit,
        collects: true,
        made: Made::PerOperation,
    },
    Workload {
        name: "one",
        title: "Go's `BenchmarkPool`",
        text: "A number is put, and one is taken, by value. A slot for a number needs no destructor, and the compiler \
               sees through it.",
        absent: GUARDS,
        threads: &[1, 2],
        peers: values::one,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "overflow",
        title: "Go's `BenchmarkPoolOverflow`",
        text: "A hundred numbers are put, then a hundred taken, by value; that is one operation.",
        absent: GUARDS_AND_SLOT,
        threads: &[1, 2],
        peers: values::overflow,
        collects: false,
        made: Made::PerOperation,
    },
    Workload {
        name: "starvation",
        title: "Go's `BenchmarkPoolStarvation`",
        text: "67 numbers are put, then a hundred taken if there are any, by value; that is one operation.",
        absent: GUARDS_AND_SLOT,
        threads: &[1, 2],
        peers: values::starvation,
        collects: false,
        made: Made::PerOperation,
    },
];
