"""The planted bugs: the only list of them, for the negative controls and for the table in README.md.

A bug has a marker in the source, `// bug: its name`. The bug replaces the first place after its marker that has the
same tokens as its text. For each stage that notices the bug, it names what to run there: a model, a scenario, tests
(arguments of `cargo test`), a fuzz target, "rt" for the soak of the runtime, or "" for everything in the stage.
"""
from . import sync, util, containers, seat, shard, chaos, collect, per_seat, pool, alloc, buffer, rt, metrics, trace
from .planted import BUGS

__all__ = ["BUGS", "sync", "util", "containers", "seat", "shard", "chaos", "collect", "per_seat", "pool", "alloc", "buffer",
           "rt", "metrics", "trace"]
