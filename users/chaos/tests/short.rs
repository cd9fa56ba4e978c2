//! The shortest test in chaos mode.

#![cfg(not(feature = "planted"))]

use corepool_users_chaos::packet::send;

fn my_program() {
    assert!(send(b"hello"));
}

#[test]
fn my_program_does_not_misuse_its_pool() {
    for seed in 0..20 {
        corepool::chaos::set_seed(seed);
        (0..300).for_each(|_| my_program());
    }
}
