"""Bugs in `src/trace`."""
from .planted import bug

bug("events within events", "if !EMITTING.replace(true)", "EMITTING.set(false); if true",
    tests="--test events a_subscriber_may_use_pools")
