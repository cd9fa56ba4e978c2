"""The planted bugs: the one list that all negative controls and the matrix in DESIGN.md are made from.

Each replaces a text that must stand exactly once in a file of `src`, and names for every stage that notices it what to
run there: a model, a scenario, tests (with a word for `cargo test`), a fuzz target, "rt" for the soak of the runtime, or ""
for all that the stage has.
"""
from . import chains, seats, ageing, pool, forks, memory, buffers, runtime
from .planted import BUGS

__all__ = ["BUGS", "chains", "seats", "ageing", "pool", "forks", "memory", "buffers", "runtime"]
