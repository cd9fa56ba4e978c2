"""Bugs in `src/util`."""
from .planted import bug


# util/coarse_clock.rs

bug("time that is long ago before it begins", "if time > usize::MAX - ABOUT { 0 } else { time }", "time",
    tests="--lib white_box::schedule::")
