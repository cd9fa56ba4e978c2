"""Bugs in `src/trace`."""
from .planted import bug

bug("events within events", "if !EMITTING.replace(true)", "EMITTING.set(false); if true",
    tests="--test events a_subscriber_may_use_pools")
bug("panic of a subscriber that is asked", "emit(|| wanted = !NO_CLOCK && enabled!(target: TARGET, Level::DEBUG))",
    "wanted = !NO_CLOCK && enabled!(target: TARGET, Level::DEBUG)",
    tests="--test events a_subscriber_that_panics_when_it_is_asked_harms_nothing")
