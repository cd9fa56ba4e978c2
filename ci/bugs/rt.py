"""Bugs in `src/rt`."""
from .planted import bug


# rt/sched/owned.rs

bug("task listed before it is complete", "Release", "Relaxed",
    models="rt_task_visit_against_end")

bug("task ends under its visitor", "is_claimed(task) && task != reserved()", "false",
    models="rt_task_visit_against_end")

bug("segment of a reserved slot freed", "Arc::strong_count(segment) == 1 &&", "",
    models="rt_task_list_against_trim", tests="--features rt --lib white_box::rt::a_list_has")


# rt/sched/ready.rs

bug("waiting task freed under its list", "mem::forget(waker.clone())", "mem::forget(waker)",
    tests="--features rt --test rt shutdown::what_waiting")


# rt/sched/end.rs

bug("waiting tasks outlive their runtime", "|waker| waker.wake()", "drop",
    tests="--features rt --test rt shutdown::all_waiting")

bug("room of a long queue is kept", "self.sched.trim();", "",
    tests="--features rt --test memory tasks::a_million")

bug("room of many timers is kept", "timers.trim()", "drop(timers)",
    tests="--features rt --test memory tasks::a_million")


# rt/sched/proc.rs

bug("mark of sysmon erased",
    "self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok()",
    "{ let was = self.state(); if was == from { self.state.store(to, Relaxed) }; was == from }",
    models="rt_detach_against_blocking")

bug("name of a later task reported", "self.tick() == tick", "{ let _ = tick; true }",
    models="rt_name_against_the_next_poll")

bug("seat given away with its P", "= self.seat.swap(ptr::null_mut(), Relaxed", ": *mut Seat = ptr::null_mut(",
    tests="--features rt --lib white_box::rt::a_seat")

bug("seat lost with its P", "unsafe { Seats::process().leave(seat) }", "let _ = Seats::process",
    tests="--features rt --lib white_box::rt::a_seat")


# rt/sched/run_queue.rs

bug("task pushed without release", "Release", "Relaxed",
    models="rt_queue_against_thief")

bug("owner pops without a claim",
    "match self.head.compare_exchange_weak(head, head.wrapping_add(1), Release, Relaxed",
    "self.head.store(head.wrapping_add(1), Relaxed); match Ok::<usize, usize>(head",
    models="rt_queue_against_thief", tests="--features rt --lib white_box::rt::thieves_and")

bug("task stolen without acquire", "Acquire", "Relaxed",
    models="rt_queue_against_thief")

bug("steal takes a third of a queue", "- len / 2", "/ 3",
    tests="--features rt --lib white_box::rt::steal_takes_half")

bug("task taken by two",
    "self.head.compare_exchange(head, next, Release, Relaxed).is_ok()",
    "{ self.head.store(next, Release); true }",
    models="rt_queue_against_two_thieves", tests="--features rt --lib white_box::rt::thieves_and", soak="rt")

bug("submit without a fence", "full_swap(&self.0, task.as_ptr()", "self.0.swap(task.as_ptr(), AcqRel",
    models="rt_park_against_submit")

bug("next task taken by two",
    "Ready::new(self.0.swap(std::ptr::null_mut(), AcqRel))",
    "{ let task = self.0.load(Acquire); self.0.store(std::ptr::null_mut(), Release); Ready::new(task) }",
    models="rt_next_against_thief")


# rt/sched/timers.rs

bug("first timer not published",
    "self.first.store(heap.entries.peek().map_or(NEVER, |entry| entry.at), Relaxed);", "",
    models="rt_timer_fire_against_cancel")

bug("thread waits for cancelled timers", "!entry.timer.is_set()", "!entry.timer.is_set() && false",
    tests="--features rt --lib white_box::rt::cancelled_timers")

bug("moved timer waits for a stopped runtime", "stop_all(entries)", "{ drop(entries); Vec::new() }",
    models="rt_timer_stop_against_move")

bug("cancelled timers pile up", "cancelled > FEW && 2 * cancelled > len", "cancelled > FEW && 2 * cancelled < 0 * len",
    tests="--features rt --lib white_box::rt::cancelled_timers")

bug("first timer read twice", "let Some((at, timers)) = first else { return NEVER };",
    "let Some((_, timers)) = first else { return NEVER }; let at = timers.first();",
    models="rt_first_timer_against_fire")


# rt/sched/driver.rs

bug("two threads in the driver", "self.until.compare_exchange(NOBODY, NEVER, Relaxed, Relaxed).is_ok()",
    "{ self.until.store(NEVER, Relaxed); true }",
    tests="--features rt --lib white_box::rt::one_thread")

bug("wait for timers without a fence", "fence(SeqCst);", "",
    models="rt_drive_against_timer")

bug("earlier timer wakes no thread", "self.wake();", "",
    models="rt_drive_against_timer")


# rt/sched/idle_wait.rs

bug("wake before the wait is lost", "*lock(&self.woken) = true;", "drop(lock(&self.woken));",
    models="rt_drive_against_inject")


# rt/sched/parker.rs

bug("order to the thread in the driver is late", "driver.wake()", "drop(driver)",
    models="rt_drive_against_inject")


# rt/sched/watch.rs

bug("timer beside a blocking call unwatched", "self.wake(Why::Timer);", "",
    tests="--features rt --test rt timers::timers_fire_beside_a_call")


# rt/sched/sched.rs

bug("woken thread still counts as asleep", "self.idle.remove(at)", "Arc::clone(&self.idle[at])",
    schedules="tasks::runtimes", soak="rt")

bug("thread not yet running found stuck", "begin_search(); p.", "",
    tests="--features rt --lib white_box::rt::no_poll")

bug("inject wakes no thread", "wake.then(|| self.launch_spinner(&mut inner)).flatten()",
    "{ if wake { self.spinning.fetch_sub(1, Relaxed); } None }",
    models="rt_park_against_inject")

bug("park without a look at the global queue", "unsafe { self.take_batch(&mut inner, p, BATCH) }", "None",
    models="rt_park_against_inject")

bug("park without a fence", "fence(SeqCst);", "",
    models="rt_park_against_submit")

bug("park without a second look", "!self.ps().any(P::has_work) || !self.has_vacancy()", "true",
    models="rt_park_against_submit")

bug("announced calls use up the threads", "blocked.min(self.max_blocking)", "0 * blocked",
    tests="--features rt --test rt stalls::announced_calls")

bug("sysmon asleep beside a poll", "p.state() != state::RUNNING &&", "",
    models="rt_idle_against_end_of_blocking")

bug("batch overflows the queue", ".min((BATCH - 1).saturating_sub(p.queue.len()))", "",
    tests="--features rt --lib white_box::rt::a_batch")

bug("detached and still active", "self.active.fetch_sub(1, Relaxed);", "",
    models="rt_detach_against_blocking", tests="--features rt --test rt stalls::other_tasks_run")

bug("state change repeated only once", "loop", "for _ in 0..2",
    models="rt_stop_against_blocking")

bug("detached P never reattached", "!inner.stopping && self.has_vacancy()", "false",
    models="rt_detach_against_loop_head")

bug("surplus workers not marked", "self.active() <= workers", "true",
    tests="--features rt --test rt workers::fewer")

bug("driver emptied by fewer workers", "sleeper.is_driving()", "{ let _ = sleeper; false }",
    tests="--features rt --lib white_box::rt::fewer_workers")


# rt/sched/shared.rs

bug("task behind a blocking call unwatched", "self.watch.notify(Why::Work);", "",
    tests="--features rt --test rt stalls::what_comes_behind")

bug("task from outside unwatched", "self.watch.notify(Why::Work);", "",
    tests="--features rt --test rt stalls::what_comes_behind")

bug("timers without a thread in the driver unwatched", "watch.notify(Why::Timer);", "let _ = watch;",
    tests="--features rt --test rt timers::timers_fire_beside_a_call")

bug("driver empty while all threads sleep", "sched.has_vacancy() && driver.enter()", "false && sched.has_vacancy() && driver.enter()",
    models="rt_drive_without_a_p_against_park")

bug("timer set without a fence", "fence(SeqCst);", "",
    models="rt_drive_against_timer")

bug("late task dropped by its waker", "self.drop_later(late)", "late.into_iter().for_each(super::ready::cancel)",
    tests="--features rt --test rt shutdown::a_chain")


# rt/context/current.rs

bug("child enters a runtime of its parent", "!= self.shared.id", "== u64::MAX",
    tests="--features rt --test rt fork::a_child_stays")


# rt/task/join.rs

bug("shutdown does not wake a worker inside `blocking`", "&& current::must_not_block()", "",
    tests="--features rt --test rt shutdown::shutdown_wakes")


# rt/task/budget.rs

bug("budget without an end", "current::must_not_block()", "false",
    tests="--features rt --test rt fairness::the_budget")


# rt/task/task.rs

bug("aborted task is polled again", "self.end.meta().is_aborted()", "false",
    tests="--features rt --test rt tasks::an_abort_handle")


bug("panic of the hook ends its worker", "catch_and_discard(|| hook(&TaskPanic { worker: p.id, payload }))", "hook(&TaskPanic { worker: p.id, payload })",
    tests="--features rt --test rt hooks::the_panic_hook")


# rt/task/named.rs

bug("name of a task kept for the next", "set(self.before)", "let _ = self.before",
    tests="--features rt --test rt stalls::a_stall_names")


# rt/task/spawn.rs

bug("large futures are copied", "size_of::<F>() > LARGE", "size_of::<F>() > 1 << 30",
    tests="--features rt --test rt tasks::a_large_future")

bug("spawn at the exit of a worker panics", "assert_ne!", "assert_eq!",
    tests="--features rt --test rt hooks::a_spawn_at")


# rt/task/interval.rs

bug("late ticks come in a burst", "late.as_nanos() / period.as_nanos()", "0 * late.as_nanos()",
    tests="--features rt --test rt timers::an_interval_leaves")


# rt/task/sleep.rs

bug("timer panics a task of a stopping runtime", "is_some", "is_none",
    tests="--features rt --test rt shutdown::a_sleep_that")


bug("dropped sleep keeps its waker", "timer.cancel();", "let _ = timer;",
    tests="--features rt --test rt timers::a_sleep_that_is_dropped")


# rt/task/seldom_blocking.rs

bug("slow lookup unannounced", "set_calling(true)", "set_calling(false)",
    tests="--features net --test net address::a_slow_lookup")

bug("worker in a lookup for ever", "set_calling(self.was_calling)", "let _ = self.was_calling",
    tests="--features net --test net address::a_slow_lookup")


# rt/threads/sysmon.rs

bug("timers beside stuck workers are late", "self.next_timer()", "{ let _ = self.next_timer(); NEVER }",
    tests="--features rt --test rt timers::timers_fire_beside_a_stuck")

bug("end leaves those that wait for sockets", "shared.driver.net().end();", "",
    tests="--features net --test net end::a_task_of_another")

bug("suspension counts as a stall", "overslept >= self.patience() / 2", "overslept == Duration::MAX",
    tests="--features rt --test rt stalls::a_suspended")

bug("idle worker found stuck", "state, (same && polls)", "p.state(), same",
    schedules="tasks::runtimes")

bug("sysmon looks often after a timer", "why == Some(Why::Work)", "{ let _ = why; true }",
    tests="--features rt --test rt timers::few_threads")

bug("memory of ended tasks is kept", "finished.wrapping_sub(self.finished) >= TRIM", "finished == u64::MAX",
    tests="--features rt --lib white_box::rt::a_runtime_that_rests")

bug("more than one collect task", "self.shared.collecting.load(Relaxed) ||", "",
    tests="--features rt --test rt pools::the_collect_thread_runs")

bug("collect lost with its task", "poll::run_if_requested)", "schedule::run); }; schedule::take(); let collect = async move { collect.await",
    tests="--features rt --test rt pools::a_runtime_that_stops")

bug("collect task never counted as ended", "self.0.store(false, Relaxed)", "let _ = &self.0",
    tests="--features rt --test rt pools::the_collect_thread_runs")


# rt/threads/global_turn.rs

bug("turns by polls alone", "now - since >= PERIOD", "{ let _ = since; false }",
    tests="--features rt --test rt fairness::the_global_queue_has_its_turn_after")

bug("turns by time alone", "count >= POLLS", "count == usize::MAX",
    tests="--features rt --lib white_box::rt::the_global_queue_has_turns")


# rt/threads/timeslice.rs

bug("short slice inherited by started threads", "attributes.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;", "",
    tests="--features rt --lib white_box::rt::a_short")


bug("sockets beside stuck workers are not polled", "driver.poll_now(&mut ready)", "let _ = (&driver, &mut ready)",
    tests="--features net --test net polling::sockets_beside")


# rt/net/current_netpoller.rs

bug("first socket is not polled", "shared.driver.wake();", "",
    tests="--features net --test net polling::the_first")


# rt/threads/timer_turn.rs

bug("clock seldom read beside long polls", "{ 1 }", "{ STEP }",
    tests="--features rt --lib white_box::rt::the_clock_is_read")


# rt/threads/net_turn.rs

bug("sockets that were polled are polled again", "asked != self.asked", "false",
    tests="--features rt --lib white_box::rt::a_busy_worker_asks")

bug("tasks of sockets behind long ones", ">= SHORT", ">= 0",
    tests="--features rt --lib white_box::rt::a_busy_worker_asks")


# rt/threads/worker.rs

bug("global queue has no turn", "self.shared.sched.injected() > 0", "false",
    tests="--features rt --test rt fairness::the_global_queue_has_its_turn")

bug("slice that never ends", "!p.expired.load(Relaxed) && self.inherited < SLICE", "true",
    tests="--features rt --test rt fairness::the_queue_has_its_turn")

bug("thieves never take the next task", "victim.tick() == tick", "{ let _ = tick; false }",
    tests="--features rt --test rt parallel::a_woken_task")


# rt/net

bug("readiness not looked at again before the wait", "self.look_for(direction, until)", "None::<Seen>",
    models="net_set_against_clear_and_wait")

bug("task that is replaced as the waiting one is forgotten", "in_slot &&", "in_slot && false &&",
    tests="--features net --test net traits::a_reader_that_is_replaced")

bug("waker of another future forgotten", "*other == key", "*other != key",
    models="net_cancelled_beside_another")

bug("event without a tick", ".wrapping_add(TICK)", "",
    models="net_set_against_clear_and_wait")

bug("newer event cleared", "word / TICK == seen.0 / TICK", "true",
    models="net_set_against_clear_and_wait")

bug("clear lost to the other direction", "Err(now) => word = now", "Err(_) => return",
    models="net_clears_of_both_directions")

bug("end of a stream overlooked after its last bytes", "seen.0 & direction.more() == 0", "{ let _ = direction.more(); true }",
    models="net_end_with_the_last_item")

bug("bytes behind urgent ones overlooked", "READ_CLOSED | URGENT", "READ_CLOSED",
    tests="--features net --test net tcp::bytes_behind_urgent")

bug("event of a former source", "(place.number == token >> PLACE_BITS)", "true",
    models="net_drop_against_event")

bug("source after the end", "table.ended", "false",
    models="net_end_against_a_new_source")

bug("buffers beyond those of one call counted", ".take(MOST_BUFFERS)", "",
    tests="--test net many_buffers_at_once")

bug("wake-up lost to a poll that does not wait", "if self.woken.swap(false, AcqRel) { Some(Duration::ZERO) } else { timeout }", "timeout",
    tests="--features net --lib white_box::net::a_wake_up_outlasts")

bug("child removes a source of its parent", "self.check().is_ok()", "true",
    tests="--features net --test net fork::a_child")

bug("socket works after the end of its runtime", "seen.has_ended()", "false && seen.has_ended()",
    tests="--features net --test net end::sockets_outside")

bug("port not free after the end", "set_reuse_address(true)", "set_reuse_address(false)",
    tests="--features net --test net end::tasks_leave")

bug("bytes behind a file overlooked", "= false", "= true",
    tests="--features net --test net unix::a_read_that")

bug("descriptor taken for ready", "poll.revents != 0", "{ let _ = poll.revents; true }",
    tests="--features net --test net fd::readable_asks")

bug("no event for a stall without a hook", "hook.is_none() && !trace::REPORTS_STALLS", "hook.is_none()",
    tests="--test events a_stall_is_reported")
