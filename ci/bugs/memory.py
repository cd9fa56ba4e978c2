"""Bugs in automatic collects."""
from .planted import bug

bug("request without release", "Release", "Relaxed",
    models="due_is_not_lost")

bug("request taken without acquire", "Acquire", "Relaxed",
    models="due_is_not_lost")

bug("request taken twice", "self.0.swap(false, Acquire)", "{ self.0.swap(false, Acquire); true }",
    models="due_is_taken_once")

bug("heavy fence for each pool", "unsafe", "seats.strategy().heavy(); unsafe",
    tests="--lib a_collect_has_one")

bug("heavy fence for each seat", "Seat::wait_until_unpinned",
    "|seat| { seats.strategy.heavy(); seat.wait_until_unpinned() }",
    tests="--lib a_collect_has_one")

bug("collect inside a collect", "BUSY.get() && !", "",
    tests="--test process due::destructors")

bug("panic of a dropped object propagates", "catch_and_discard(collect", "collect(",
    tests="--test process due::panics")

bug("clock that is not looked at", "== 0", "== 1",
    tests="--test process due::idle_objects")

bug("time that is long ago before it begins", "if time > usize::MAX - ABOUT { 0 } else { time }", "time",
    tests="--lib due::")

bug("time cut off", "time.as_millis().clamp(1, most as u128) as usize", "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process no_object_is_dropped_before_its_time")

bug("round that skips the clock", "check_clock();", "",
    tests="--lib due::")

bug("janitor passed over", "!wake_janitor() &&", "",
    tests="--test process due::the_janitor_collects")

bug("count of an ended thread lost", "add(COUNT.replace(UNTRACKED).wrapping_sub(FLUSH_AT)", "COUNT.set(UNTRACKED",
    tests="--test memory ended_threads")

bug("growth since the beginning", "BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);", "",
    tests="--test memory each_doubling")

bug("growth counted from before the drops", "live_heap::rebase();", "",
    tests="--test memory growth_counts")

bug("refused memory is counted", "!moved.is_null()", "true",
    tests="--test memory refused_memory")

bug("allocation that waits for a collect", "ask(); }", "ask(); drop(crate::collect::registry::Registry::lock()); }",
    tests="--lib an_allocation_waits_for_no_collect")

bug("allocation that collects", "ask", "run",
    tests="--test no_memory counting")

bug("floor of its own", "self.floor", "4 << 20",
    tests="--test memory a_small_heap")

bug("collect below the floor", ".max(self.floor)", "",
    tests="--test memory no_collect")

bug("janitor that waits for itself", "id() {", "id() || true {",
    tests="--test process a_janitor_may_end")

bug("handle of a thread that is another by now", "!known", "false",
    tests="--test process children_have_no")

bug("janitor not woken for its end", "thread.thread().unpark();", "",
    tests="--test process a_janitor_ends")

bug("janitor that listens to a file that is gone", "level_as_far_as_known(", "level().unwrap_or(Level::High",
    tests="--test process high_pressure")

bug("file that is gone hides the others", "level_as_far_as_known(", "level().unwrap_or(Level::Low",
    tests="--test process a_file_that_is_gone")

bug("janitor without a rest", "self.interval / 4", "Duration::ZERO",
    tests="--test process medium_pressure")

bug("janitor that waits as long when memory gets short", "interval / 4", "interval",
    tests="--test process medium_pressure")

bug("interval of next to nothing", "self.interval = self.interval.max(SHORTEST);", "",
    tests="--test process the_shortest_interval")

bug("sum of two numbers of the system", ".saturating_add(max)", "+ max",
    tests="--test process absurd_numbers")

bug("one unreadable source hides the others", "self.sources.retain_mut(|source| source.level().is_ok());", "",
    tests="--lib unreadable_files")

bug("child with the janitor of its parent", "std::mem::forget(std::mem::take(&mut self.janitors));", "",
    tests="--test process children_have_no")

bug("cache in use", ".saturating_sub(cache)", "",
    tests="--test process cgroups_have")

bug("weight not given back", "Some(held.saturating_sub(weight))", "{ let _ = weight; Some(held) }",
    tests="--test it weights::")

bug("too heavy", ".filter(|&sum| sum <= shared.most)", "",
    tests="--test it weights::")

bug("end of a scale that sees no other", "fence(Acquire);", "",
    models="scale_end")

bug("scale freed by the first", "== 1", "== 2",
    models="scale_end")

bug("scale that must have memory",
    "try_box(WeightState { weigh, most, held, users, live_check })?",
    "Box::new(WeightState { weigh, most, held, users, live_check })",
    tests="--test no_memory a_first_use")

bug("lent objects keep their weight", "found.iter().for_each(|full| core.release_weight(full));", "",
    tests="--test it weights::")

bug("private places in a pool that weighs", "Self { bounded: true, slots: false, places: 0, ..self }", "self",
    tests="--test it weights::")
