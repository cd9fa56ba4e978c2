"""The planted bugs: the one list from which all negative controls, and the table in README.md, are made.

A bug replaces the first place after its marker, `// bug: its name` in the source, that has the tokens of its text. It
names, for each stage that notices it, what to run there: a model, a scenario, tests (words for `cargo test`), a fuzz
target, "rt" for the soak of the runtime, or "" for all that the stage has.
"""
from . import chains, seats, ageing, pool, forks, memory, buffers, runtime
from .planted import BUGS

__all__ = ["BUGS", "chains", "seats", "ageing", "pool", "forks", "memory", "buffers", "runtime"]
