"""Bugs in `src/collect`."""
from .planted import bug


# collect/collect.rs

bug("heavy fence for each pool", "unsafe", "seats.fence_kind().heavy(); unsafe",
    tests="--lib a_collect_has_one")

bug("collect without the registry's lock", "Registry::lock()", "unsafe { &*std::ptr::from_ref(&*Registry::lock()) }",
    models="handle_end_against_collect")

bug("collect that must have memory",
    "if pending.try_reserve(registry.len()).is_ok()",
    "pending.reserve(registry.len());",
    tests="--test no_memory growth")

bug("destructors under the registry's lock", "pending } }; drop_pending(pending)", "drop_pending(pending); } }",
    soak="")

bug("postponed objects lost",
    "pending",
    "else { registry.pools().for_each(|pool| std::mem::forget(pool.take_pending())); } pending",
    tests="--test no_memory growth")

bug("late work left undone", "unsafe { pool.catch_up(seat.id) }", "let _ = pool",
    models="late_catch_up")


# collect/fork.rs

bug("shelves not locked for a fork", "registry.pools().for_each(|pool| pool.lock_for_fork());", "",
    tests="--test process at_the_shelf")

bug("own seat freed by a fork", "own", "None",
    tests="--test process children_end_like")


# collect/janitor.rs

bug("interval below the minimum", "self.interval = self.interval.max(SHORTEST);", "",
    tests="--test process the_shortest_interval")

bug("janitor not woken to end", "thread.thread().unpark();", "",
    tests="--test process a_janitor_ends")

bug("parent's janitor joined in a child", "!known", "false",
    tests="--test process children_have_no")

bug("janitor joins itself", "id() {", "id() || true {",
    tests="--test process a_janitor_may_end")

bug("interval not shortened at medium pressure", "interval / 4", "interval",
    tests="--test process medium_pressure")

bug("no pause at medium pressure", "self.interval / 4", "Duration::ZERO",
    tests="--test process medium_pressure")

bug("unreadable file hides the others", "level_as_far_as_known(", "level().unwrap_or(Level::Low",
    tests="--test process a_file_that_is_gone")

bug("unreadable file counts as high pressure", "level_as_far_as_known(", "level().unwrap_or(Level::High",
    tests="--test process high_pressure")


# collect/join.rs

bug("seat given back before it is vacated",
    "vacate(seat); unsafe { Seats::process().leave(seat) }",
    "unsafe { Seats::process().leave(seat) }; vacate(seat)",
    soak="")

bug("seat requested after thread-locals are destroyed", "try_with(|_| ()).ok()?", "with(|_| ())",
    tests="--test process exits")


# collect/live_heap.rs

bug("count of an ended thread lost", "add(COUNT.replace(UNTRACKED).wrapping_sub(FLUSH_AT)", "COUNT.set(UNTRACKED",
    tests="--test memory ended_threads")

bug("base stays at the peak", "BASE.fetch_min(total, Relaxed);", "let _ = total;",
    tests="--test memory each_swing")

bug("growth not counted from the last collect", "BASE.store(clamp(LIVE.load(Relaxed)), Relaxed);", "",
    tests="--test memory each_doubling")


# collect/pressure.rs

bug("one unreadable source hides the others", "self.sources.retain_mut(|source| source.level().is_ok());", "",
    tests="--lib unreadable_files")

bug("sum of system counters overflows", ".saturating_add(max)", "+ max",
    tests="--test process absurd_numbers")

bug("page cache counted as used", ".saturating_sub(cache)", "",
    tests="--test process cgroups_have")


# collect/registry.rs

bug("entry of a moved pool", "moved.get().set_entry(entry)", "let _ = moved",
    schedules="pools_open_and_close")

bug("parent's janitor kept in a child", "std::mem::forget(std::mem::take(&mut self.janitors));", "",
    tests="--test process children_have_no")


# collect/schedule.rs

bug("request without release", "Release", "Relaxed",
    models="schedule_request_is_not_lost")

bug("request taken twice", "self.0.swap(false, Acquire)", "{ self.0.swap(false, Acquire); true }",
    models="schedule_request_is_taken_once")

bug("request taken without acquire", "Acquire", "Relaxed",
    models="schedule_request_is_not_lost")

bug("clock never read", "== 0", "== 1",
    tests="--test process schedule::idle_objects")

bug("monitor does not read the clock", "check_clock();", "",
    tests="--lib white_box::schedule::")

bug("collect inside a collect", "BUSY.get() && !", "",
    tests="--test process schedule::destructors")

bug("collect not left to the janitor", "!wake_janitor() &&", "",
    tests="--test process schedule::the_janitor_collects")

bug("panic of a dropped object propagates", "catch_and_discard(collect", "collect(",
    tests="--test process schedule::panics")

bug("growth counted from before the drops", "live_heap::rebase();", "",
    tests="--test memory growth_counts")

bug("interval truncated", "time.as_millis().clamp(1, most as u128) as usize", "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process no_object_is_dropped_before_its_time")
