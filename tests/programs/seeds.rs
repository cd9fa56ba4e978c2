//! The committed seeds of the fuzzer, run as tests.

use std::{fs, path::Path};

/// Runs the programs in `fuzz/seeds/NAME`. To look at a crash of the fuzzer, copy its file to that
/// folder.
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
#[cfg_attr(miri, ignore = "reads files")]
fn ring_seeds_match_the_model() {
    play("ring", super::ring);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn chain_seeds_match_the_model() {
    play("chain", super::chain);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn pool_seeds_match_the_model() {
    play("pool", super::pool);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn size_seeds_are_handled() {
    play("sizes", super::sizes);
}
