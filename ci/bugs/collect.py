"""Bugs in `src/collect`."""
from .planted import bug


# collect/collect.rs

bug("heavy fence for each pool", "unsafe", "seats.fence_kind().heavy(); unsafe",
    tests="--lib a_collect_has_one")

bug("collect without the registry's lock", "Registry::lock()", "unsafe { &*std::ptr::from_ref(&*Registry::lock()) }",
    models="handle_end_against_collect")

bug("collect that must have memory",
    "if garbage.try_reserve(registry.len()).is_ok()",
    "garbage.reserve(registry.len());",
    tests="--test no_memory growth")

bug("destructors under the registry's lock", "garbage } }; drop_pending(garbage)", "drop_pending(garbage); } }",
    soak="")

bug("postponed garbage lost",
    "garbage",
    "else { registry.pools().for_each(|pool| std::mem::forget(pool.take_pending())); } garbage",
    tests="--test no_memory growth")

bug("late work left undone", "unsafe { pool.catch_up(seat.id) }", "let _ = pool",
    models="late_catch_up")


# collect/fork.rs

bug("shelves not locked for a fork", "registry.pools().for_each(|pool| pool.lock_for_fork());", "",
    tests="--test process at_the_shelf")

bug("own seat given away", "own", "None",
    tests="--test process children_end_like")


# collect/janitor.rs

bug("interval of next to nothing", "self.interval = self.interval.max(SHORTEST);", "",
    tests="--test process the_shortest_interval")

bug("janitor not woken for its end", "thread.thread().unpark();", "",
    tests="--test process a_janitor_ends")

bug("handle of a thread that is another by now", "!known", "false",
    tests="--test process children_have_no")

bug("janitor that waits for itself", "id() {", "id() || true {",
    tests="--test process a_janitor_may_end")

bug("janitor that waits as long when memory gets short", "interval / 4", "interval",
    tests="--test process medium_pressure")

bug("janitor without a rest", "self.interval / 4", "Duration::ZERO",
    tests="--test process medium_pressure")

bug("file that is gone hides the others", "level_as_far_as_known(", "level().unwrap_or(Level::Low",
    tests="--test process a_file_that_is_gone")

bug("janitor that listens to a file that is gone", "level_as_far_as_known(", "level().unwrap_or(Level::High",
    tests="--test process high_pressure")


# collect/join.rs

bug("seat given back before it is vacated",
    "vacate(seat); unsafe { Seats::process().leave(seat) }",
    "unsafe { Seats::process().leave(seat) }; vacate(seat)",
    soak="")

bug("seat wanted when thread-locals are gone", "try_with(|_| ()).ok()?", "with(|_| ())",
    tests="--test process exits")


# collect/live_heap.rs

bug("count of an ended thread lost", "add(COUNT.replace(UNTRACKED).wrapping_sub(FLUSH_AT)", "COUNT.set(UNTRACKED",
    tests="--test memory ended_threads")

bug("growth since the beginning", "BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);", "",
    tests="--test memory each_doubling")


# collect/pressure.rs

bug("one unreadable source hides the others", "self.sources.retain_mut(|source| source.level().is_ok());", "",
    tests="--lib unreadable_files")

bug("sum of two numbers of the system", ".saturating_add(max)", "+ max",
    tests="--test process absurd_numbers")

bug("cache in use", ".saturating_sub(cache)", "",
    tests="--test process cgroups_have")


# collect/registry.rs

bug("entry of a moved pool", "moved.get().set_entry(entry)", "let _ = moved",
    schedules="pools_open_and_close")

bug("child with the janitor of its parent", "std::mem::forget(std::mem::take(&mut self.janitors));", "",
    tests="--test process children_have_no")


# collect/schedule.rs

bug("request without release", "Release", "Relaxed",
    models="schedule_request_is_not_lost")

bug("request taken twice", "self.0.swap(false, Acquire)", "{ self.0.swap(false, Acquire); true }",
    models="schedule_request_is_taken_once")

bug("request taken without acquire", "Acquire", "Relaxed",
    models="schedule_request_is_not_lost")

bug("clock that is not looked at", "== 0", "== 1",
    tests="--test process schedule::idle_objects")

bug("round that skips the clock", "check_clock();", "",
    tests="--lib white_box::schedule::")

bug("collect inside a collect", "BUSY.get() && !", "",
    tests="--test process schedule::destructors")

bug("janitor passed over", "!wake_janitor() &&", "",
    tests="--test process schedule::the_janitor_collects")

bug("panic of a dropped object propagates", "catch_and_discard(collect", "collect(",
    tests="--test process schedule::panics")

bug("growth counted from before the drops", "live_heap::rebase();", "",
    tests="--test memory growth_counts")

bug("time cut off", "time.as_millis().clamp(1, most as u128) as usize", "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process no_object_is_dropped_before_its_time")
