//! Runs the cases, or those whose names do not contain an argument. Then it ends while objects of two versions of the crate are
//! idle, both collect threads wait, and another thread is at work.

use std::{env, sync::mpsc, thread};

use corepool_downstream::{CASES, run};

fn main() {
    let left_out: Vec<_> = env::args().skip(1).collect();
    let chosen: Vec<_> =
        CASES.iter().filter(|(name, _)| !left_out.iter().any(|word| name.contains(word))).collect();
    for case in &chosen {
        run(case);
    }
    let (started, begun) = mpsc::channel();
    thread::spawn(move || {
        static POOL: other::Pool<String> = other::Pool::new(String::new);
        loop {
            drop(POOL.get());
            let _ = started.send(());
        }
    });
    begun.recv().unwrap();
    println!("{} cases", chosen.len());
}
