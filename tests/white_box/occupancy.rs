//! The occupancy map, in particular its word for private parts.

use crate::containers::occupancy::{BITS, OccupancyMap};

fn enabled(map: &OccupancyMap, random: usize) -> Vec<usize> {
    map.enabled(random).collect()
}

#[test]
fn private_parts_are_marked_and_unmarked() {
    let map = OccupancyMap::new();
    assert!(enabled(&map, 3).is_empty() && map.is_clear(0, 0));
    let last = BITS - 1;
    map.enable(1);
    map.enable(last);
    map.enable(last);
    assert_eq!(enabled(&map, 0), [1, last]);
    assert_eq!(enabled(&map, 2), [last, 1], "starts at a random one");
    assert_eq!(enabled(&map, BITS + 2), [last, 1]);
    map.disable(last, || false);
    assert_eq!(enabled(&map, 0), [1]);
    map.disable(1, || false);
    assert!(enabled(&map, 0).is_empty());
}

/// A bit stays set as long as one of its shards is enabled.
#[test]
fn shards_share_private_bits() {
    let map = OccupancyMap::new();
    map.enable(2);
    map.enable(2 + BITS);
    map.disable(2, || true);
    assert_eq!(enabled(&map, 0), [2]);
    map.disable(2, || false);
    assert!(enabled(&map, 0).is_empty());
}

/// A thread that looks for others' objects ignores its own private bit, and no other one.
#[test]
fn the_own_private_bit_is_ignored() {
    let map = OccupancyMap::new();
    map.enable(1);
    for parity in [0, 1] {
        assert!(map.is_clear(parity, 1) && !map.is_clear(parity, 0));
    }
    assert!(map.has_no_chains());
    map.mark(1, 1);
    assert!(map.is_clear(1, 1), "the mark of the shard's own chain is ignored");
    assert!(!map.is_clear(0, 1), "the mark of the shard's own victims counts");
    assert!(!map.has_no_chains());
}
