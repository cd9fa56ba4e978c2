"""Bugs in `src/collect`."""
from .planted import bug


# collect/at_exit.rs

bug("collect thread not ended at the exit", "ONCE.call_once(|| sync::at_exit(end_thread));",
    "let _ = (&ONCE, sync::at_exit, end_thread as extern \"C\" fn());",
    tests="--test process no_thread_is_left")

bug("exit waits for destructors", "registry.thread.collecting && left.is_zero()", "false",
    tests="--test process a_destructor_that_blocks")


# collect/collect.rs

bug("flip without a claim", "claim.visit(&mut |seat| {", "let _ = &claim; let mut visit = |f: &mut dyn FnMut(&Seat) -> bool| seats.all(0, 1).for_each(|seat| _ = f(seat)); visit(&mut |seat| {",
    models="flip_against_owner", schedules="collectors", soak="")

bug("heavy fence for each pool", "unsafe", "seats.fence_kind().heavy(); unsafe",
    tests="--lib a_collect_has_one")

bug("removed shards freed at once", "seats.may_free()", "seats.may_free() || true",
    models="removal_against_thief")

bug("collect that must have memory",
    "if pending.try_reserve(pools).is_ok()",
    "pending.reserve(pools);",
    tests="--test no_memory growth")

bug("postponed objects lost",
    "pending",
    "else { which.pools().for_each(|pool| std::mem::forget(unsafe { pool.take_pending() })); } pending",
    tests="--test no_memory growth")

bug("collect without the registry's lock", "Registry::lock()", "unsafe { &*std::ptr::from_ref(&*Registry::lock()) }",
    models="handle_end_against_collect")

bug("destructors under the registry's lock",
    "take_pending(Which::all(&registry)) } }; drop_pending(pending, |dropped| trace::collected(&start, dropped))",
    "drop_pending(take_pending(Which::all(&registry)), |_| ()); } }",
    soak="")

bug("late work left undone",
    "Which::all(registry).shards(seat, &mut |pool, shard| unsafe { pool.catch_up(seat, shard) });",
    "let _ = registry;",
    models="late_catch_up")


# collect/collect_thread.rs

bug("idle objects do not age after a janitor's end", "ensure(registry, &WATCH);", "update(registry, &WATCH);",
    tests="--test process there_is_no_thread_beside")

bug("seat watched after the start", "seat.watch(); ensure(&mut Registry::lock(), watch);",
    "ensure(&mut Registry::lock(), watch); seat.watch();",
    models="end_against_start")

bug("process outlives its last thread", "registry.thread.main_ends = true;", "let _ = &mut registry;",
    tests="--test process a_process_ends_with")

bug("objects of ended threads never age", "ensure(&mut registry, &WATCH);", "let _ = &mut registry;",
    tests="--test process objects_of_ended_threads")

bug("collect thread stays beside a runtime", "thread.monitors > 0", "false",
    tests="--features rt --test rt beside_a_runtime")

bug("end announced after the look", "registry.thread.running = false; update(registry, watch);", "",
    models="end_against_put_on_the_shelf")

bug("end with an object in a shard", "registry.collected_pools().all(|pool| unsafe { pool.is_empty() })", "true",
    models="end_against_put_asymmetric")

bug("end without a mark", "claim.unwatch_all();", "",
    models="end_against_hit")


# collect/fork.rs

bug("shelves not locked for a fork", "registry.pools().for_each(|pool| pool.lock_for_fork());", "",
    tests="--test process at_the_shelf")

bug("own seat freed by a fork", "own", "None",
    tests="--test process children_end_like")

bug("hits of a child age nothing", "current().into_iter().for_each(Seat::unwatch);", "let _ = Seat::unwatch;",
    tests="--test process a_child_starts")


# collect/hook_list.rs

bug("hook runs in the collect that it was registered in", "*number < end", "*number < end.max(u64::MAX)",
    tests="--test it on_collect_functions")


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

bug("unreadable file counts as high pressure", "level_as_far_as_known(", "level().unwrap_or(Level::High",
    tests="--test process high_pressure")

bug("unreadable file hides the others", "level_as_far_as_known(", "level().unwrap_or(Level::Low",
    tests="--test process a_file_that_is_gone")


# collect/join.rs

bug("own seat lost under another", "if let Some(own) = current() {", "if let Some(own) = None {",
    tests="--features rt --lib white_box::rt::a_thread_gives")

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

bug("growth not counted from the last collect", "BASE.store(not_below_zero(LIVE.load(Relaxed)), Relaxed);", "",
    tests="--test memory each_doubling")


# collect/on_collect.rs

bug("hook that collects runs all hooks again", "running.replace(true)", "{ let _ = running; false }",
    tests="--test it on_collect_functions")

bug("hook runs under the registry's lock", "catch_and_discard(|| hook());",
    "let locked = Registry::lock(); catch_and_discard(|| hook()); drop(locked);",
    models="on_collect_run_against_end")

bug("hook that panics keeps others from running", "catch_and_discard(|| hook());", "hook();",
    tests="--test it on_collect_panics")

bug("function dropped under the registry's lock", "let hook = Registry::lock().hooks.remove(self.number);",
    "let mut registry = Registry::lock(); let hook = registry.hooks.remove(self.number);",
    models="on_collect_run_against_end")


# collect/poll.rs

bug("collect not left to the janitor", "registry.wake_janitor()", "registry.has_janitor()",
    tests="--test process schedule::the_janitor_collects")

bug("collect thread not woken for a request", "WAKE.notify_all();", "",
    tests="--test memory a_request_wakes")

bug("request left to a runtime that is stuck", "now.wrapping_sub(then) >= GRACE", "{ let _ = (now, then, GRACE); false }",
    tests="--features rt --test rt the_collect_thread_runs")

bug("monitor does not read the clock", "schedule::check_clock();", "",
    tests="--lib white_box::schedule::")

bug("collect thread does not learn of a new interval", "reconsider(&mut Registry::lock());", "let _ = reconsider;",
    tests="--test process the_thread_learns")


# collect/pressure.rs

bug("one unreadable source hides the others", "self.sources.retain_mut(|source| source.level().is_ok());", "",
    tests="--lib unreadable_files")

bug("sum of system counters overflows", ".saturating_add(max)", "+ max",
    tests="--test process absurd_numbers")

bug("page cache counted as used", ".saturating_sub(cache)", "",
    tests="--test process cgroups_have")


# collect/recall.rs

bug("recall without the registry's lock", "_registry", "_",
    models="recall_against_collect", schedules="recalls")


# collect/registry.rs

bug("parent's janitor kept in a child", "std::mem::forget(std::mem::take(&mut self.janitors));", "",
    tests="--test process children_have_no")

bug("parent's collect thread kept in a child", "self.thread = CollectThread::default();", "",
    tests="--test process a_child_starts")


# collect/schedule.rs

bug("destructor that panics keeps hooks from running", "panics.guard(|| collect_from(Seats::process()));",
    "collect_from(Seats::process());",
    tests="--test it on_collect_panics")

bug("request without release", "Release", "Relaxed",
    models="schedule_request_is_not_lost")

bug("request taken twice", "self.0.swap(false, Acquire)", "{ self.0.swap(false, Acquire); true }",
    models="schedule_request_is_taken_once")

bug("request taken without acquire", "Acquire", "Relaxed",
    models="schedule_request_is_not_lost")

bug("clock never read", "== 0", "== 1",
    tests="--test process schedule::the_janitor_collects")

bug("interval truncated", "time.as_millis().clamp(1, most as u128) as usize", "(time.as_millis() as usize).clamp(1, most)",
    tests="--test process no_object_is_dropped_before_its_time")

bug("panic of a dropped object propagates", "catch_and_discard(collect", "collect(",
    tests="--test process schedule::panics")

bug("growth counted from before the drops", "live_heap::rebase();", "",
    tests="--test memory growth_counts")


# collect/without_thread.rs

bug("pool ages in each of its calls", "self.0.swap(round, Relaxed) != round", "{ self.0.swap(round, Relaxed); true }",
    tests="--test process pools_age_alone")

bug("pool ages inside its own ageing", "BUSY.get() ||", "",
    tests="--test process a_pool_that_ages_alone")

bug("call runs destructors of other pools", "age_one(index)",
    "{ let _ = age_one as fn(usize); let _ = index; schedule::collect() }",
    tests="--test process pools_age_alone")

bug("panic of an object that has aged in a call propagates", "catch_and_discard(|| age_one(index));",
    "age_one(index);",
    tests="--test process a_pool_that_ages_alone")

bug("recalls wait for a thread that was refused", "heavy_fence::forget_registration();", "",
    tests="--test process recalls_need_no_collect_thread")

bug("thread for pools that it does not age", "registry.collected_pools().next().is_some()", "true",
    tests="--test process scoped_pools_need_no")

bug("cleared objects counted as aged", "pool.set_clearing(clear);", "",
    tests="--test it every_drop_has_a_reason")

bug("counts of ended pools lost", "self.ended.entry(name).or_default().add_counts(&stats);", "let _ = (name, stats);",
    tests="--test metrics counters_outlive_their_pool")

bug("pools of one name not added up", "(sum.idle + stats.idle, sum.outstanding + stats.outstanding)",
    "(stats.idle, stats.outstanding)",
    tests="--test metrics pools_of_one_name")
