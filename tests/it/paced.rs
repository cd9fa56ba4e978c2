//! The builder of `PacedAlloc`: which values it accepts, and which it refuses.

use std::alloc::System;

use corepool::alloc::PacedAlloc;

use crate::util::panics;

#[test]
fn a_growth_of_zero_is_refused() {
    let why = panics(|| PacedAlloc::new(System).with_growth(0));
    assert!(why.contains("a growth of 0 percent"));
}

#[test]
fn a_floor_of_zero_means_no_floor() {
    let paced = PacedAlloc::new(System).with_floor(0).with_growth(u32::MAX);
    assert!(format!("{paced:?}").contains("floor: 0"));
}
