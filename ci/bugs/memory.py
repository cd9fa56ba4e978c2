"""Memory that comes back by itself."""
from .planted import bug

bug("request without release", "due.rs",
    "self.0.swap(true, Release);",
    "self.0.swap(true, Relaxed);",
    models="due_is_not_lost")

bug("request taken without acquire", "due.rs",
    "self.0.swap(false, Acquire)",
    "self.0.swap(false, Relaxed)",
    models="due_is_not_lost")

bug("request taken twice", "due.rs",
    "self.is_asked() && self.0.swap(false, Acquire)",
    "self.is_asked() && { self.0.swap(false, Acquire); true }",
    models="due_is_taken_once")

bug("heavy fence for each pool", "collect.rs",
    "        // SAFETY: drained above, and the seats are claimed.\n",
    "        seats.strategy().heavy();\n        // SAFETY: drained above, and the seats are claimed.\n",
    tests="--lib a_collect_has_one")

bug("heavy fence for each seat", "seats.rs",
    "        claim.existing().for_each(Seat::reach);\n",
    "        claim.existing().for_each(|seat| { seats.strategy.heavy(); seat.reach() });\n",
    tests="--lib a_collect_has_one")

bug("collect in the midst of a collect", "due.rs",
    "!BUSY.get() && ",
    "",
    tests="--test process due::destructors")

bug("panic of an old object goes on", "due.rs",
    "quietly(collect);",
    "collect();",
    tests="--test process due::panics")

bug("clock that is not looked at", "due.rs",
    "    if left == 0 {\n",
    "    if left == 1 {\n",
    tests="--test process due::idle_objects")

bug("time that is long ago before it begins", "clock.rs",
    "if time > usize::MAX - ABOUT { 0 } else { time }",
    "time",
    tests="--lib due::")

bug("time cut off", "due.rs",
    "time.as_millis().clamp(1, most as u128) as usize",
    "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process nothing_goes_before")

bug("round that skips the clock", "due.rs",
    "    look_at_the_clock();\n    DUE.is_asked() && !ring",
    "    DUE.is_asked() && !ring",
    tests="--lib due::")

bug("janitor passed over", "due.rs",
    "!panicking() && !ring_for_janitor() && ",
    "!panicking() && ",
    tests="--test process due::the_janitor_collects")

bug("count of an ended thread lost", "live.rs",
    "add(COUNT.replace(NONE).wrapping_sub(MOST));",
    "COUNT.set(NONE);",
    tests="--test memory ended_threads")

bug("growth since the beginning", "live.rs",
    "    BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);\n",
    "",
    tests="--test memory each_doubling")

bug("growth since before what was dropped", "due.rs",
    "    fn drop(&mut self) {\n        live::rebase();\n",
    "    fn drop(&mut self) {\n",
    tests="--test memory growth_counts")

bug("refused memory is counted", "alloc.rs",
    "if !moved.is_null() {",
    "if true {",
    tests="--test memory refused_memory")

bug("allocation that waits for a collect", "alloc.rs",
    "                due::ask();\n",
    "                due::ask();\n                drop(crate::collect::Registry::lock());\n",
    tests="--lib an_allocation_only")

bug("allocation that collects", "alloc.rs",
    "                due::ask();\n",
    "                due::run();\n",
    tests="--test no_memory counting")

bug("floor of its own", "alloc.rs",
    ".max(self.floor)",
    ".max(4 << 20)",
    tests="--test memory a_small_heap")

bug("collect below the floor", "alloc.rs",
    ".max(self.floor)",
    "",
    tests="--test memory no_collect")

bug("janitor that waits for itself", "janitor.rs",
    "thread.thread().id() != thread::current().id()",
    "thread.thread().id() != thread::current().id() || true",
    tests="--test process a_janitor_may_end")

bug("handle of a thread that is another by now", "janitor.rs",
    "        if gone.is_none() {\n",
    "        if false {\n",
    tests="--test process children_have_no")

bug("janitor that comes late to its end", "janitor.rs",
    "        self.bell.ring();\n",
    "",
    tests="--test process a_janitor_ends")

bug("janitor that listens to a file that is gone", "janitor.rs",
    "pressure.level_as_far_as_known()",
    "pressure.level().unwrap_or(Level::High)",
    tests="--test process high_pressure")

bug("file that is gone hides the others", "janitor.rs",
    "pressure.level_as_far_as_known()",
    "pressure.level().unwrap_or(Level::Low)",
    tests="--test process what_is_gone")

bug("janitor without a rest", "janitor.rs",
    "self.interval / 4",
    "Duration::ZERO",
    tests="--test process medium_pressure")

bug("janitor that waits as long when memory gets short", "janitor.rs",
    "self.interval / 4",
    "self.interval",
    tests="--test process medium_pressure")

bug("interval of next to nothing", "janitor.rs",
    "        self.interval = self.interval.max(SHORTEST);\n",
    "",
    tests="--test process the_shortest_interval")

bug("sum of two numbers of the system", "pressure.rs",
    "high.saturating_add(max)",
    "high + max",
    tests="--test process absurd_numbers")

bug("system that tells all or nothing", "pressure.rs",
    "        self.sources.retain_mut(|source| source.level().is_ok());\n",
    "",
    tests="--lib what_cannot_be_read")

bug("child with the janitor of its parent", "fork.rs",
    "        std::mem::forget(std::mem::take(&mut frozen.registry.bells));\n",
    "",
    tests="--test process children_have_no")

bug("cache in use", "pressure.rs",
    "current.saturating_sub(cache)",
    "current",
    tests="--test process cgroups_have")

bug("weight not given back", "weight.rs",
    "Some(held.saturating_sub(weight))",
    "{ let _ = weight; Some(held) }",
    tests="--test it weights::")

bug("too heavy", "weight.rs",
    ".filter(|&sum| sum <= shared.most)",
    "",
    tests="--test it weights::")

bug("end of a scale that sees no other", "weight.rs",
    "            fence(Acquire);\n",
    "",
    models="scale_end")

bug("scale freed by the first", "weight.rs",
    "fetch_sub(1, Release) == 1",
    "fetch_sub(1, Release) == 2",
    models="scale_end")

bug("scale that must have memory", "weight.rs",
    "try_box(Shared { weigh, most, held, users, life })?",
    "Box::new(Shared { weigh, most, held, users, life })",
    tests="--test no_memory a_first_use")

bug("lent objects weigh", "pool.rs",
    "        found.iter().for_each(|full| origin::leaves(core, full));\n",
    "",
    tests="--test it weights::")

bug("private places in a pool that weighs", "quota.rs",
    "Self { bounded: true, slots: false, places: 0, ..self }",
    "self",
    tests="--test it weights::")
