//! The seeds of the fuzzer, which are programs like any other.

use std::{fs, path::Path};

/// Plays the programs in `fuzz/seeds/NAME`. To look at a crash of the fuzzer, put it there.
fn play(name: &str, program: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut seeds: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds");
    for seed in seeds {
        println!("{}", seed.display());
        program(&fs::read(seed).unwrap());
    }
}

#[test]
fn rings() {
    play("ring", super::ring);
}

#[test]
fn chains() {
    play("chain", super::chain);
}

#[test]
fn pools() {
    play("pool", super::pool);
}

#[test]
fn absurd_sizes() {
    play("sizes", super::sizes);
}
