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

bug("collect in the midst of a collect", "due.rs",
    "!BUSY.get() && ",
    "",
    tests="--test process due::destructors")

bug("panic of an old object goes on", "due.rs",
    "if let Err(payload) = catch_unwind(AssertUnwindSafe(collect)) {\n        lose(payload);\n    }",
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

bug("refused memory is counted", "alloc.rs",
    "if !moved.is_null() {",
    "if true {",
    tests="--test memory refused_memory")

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
    "pressure.level().unwrap_or(Level::Low)",
    "pressure.level().unwrap_or(Level::High)",
    tests="--test process high_pressure")

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
