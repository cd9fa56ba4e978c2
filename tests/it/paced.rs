//! What the builder of the allocator that counts takes, and what it refuses.

use std::alloc::System;

use corepool::alloc::PacedAlloc;

use crate::util::panics;

#[test]
fn growth_of_nothing_is_refused() {
    let why = panics(|| PacedAlloc::new(System).with_growth(0));
    assert!(why.contains("a growth of 0 percent"));
}

/// A floor of 0 is none, and growth counts from what there is.
#[test]
fn a_floor_of_nothing_is_none() {
    let paced = PacedAlloc::new(System).with_floor(0).with_growth(u32::MAX);
    assert!(format!("{paced:?}").contains("floor: 0"));
}
