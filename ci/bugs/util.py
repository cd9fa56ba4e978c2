"""Bugs in `src/util`."""
from .planted import bug


# util/coarse_clock.rs

bug("near future taken for long ago", "if time > usize::MAX - ABOUT { 0 } else { time }", "time",
    tests="--lib white_box::schedule::")


# util/set_once.rs

bug("made without release", "AcqRel", "Acquire",
    models="set_once")


# util/wrapped.rs

bug("more than half of the address space counts as nothing", "BELOW_ZERO", "usize::MAX / 2",
    tests="--lib white_box::wrapped::")


# util/panics.rs

bug("waker that panics keeps others from being woken", "catch_and_discard(|| waker.wake())", "waker.wake()",
    tests="--features rt --test rt timers::a_waker_that_panics")
