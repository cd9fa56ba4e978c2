"""Bugs in `src/alloc.rs`."""
from .planted import bug


# alloc.rs

bug("collect below the floor", ".max(self.floor)", "",
    tests="--test memory no_collect")

bug("configured floor ignored", "self.floor", "4 << 20",
    tests="--test memory a_small_heap")

bug("allocation that collects", "ask", "run",
    tests="--test no_memory counting")

bug("allocation that waits for a collect", "ask(); }", "ask(); drop(crate::collect::registry::Registry::lock()); }",
    tests="--lib an_allocation_waits_for_no_collect")

bug("refused memory is counted", "!moved.is_null()", "true",
    tests="--test memory refused_memory")
