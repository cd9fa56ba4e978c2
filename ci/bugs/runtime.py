"""The runtime."""
from .planted import bug

bug("task pushed without release", "rt/runq.rs",
    "self.tail.store(tail.wrapping_add(1), Release);",
    "self.tail.store(tail.wrapping_add(1), Relaxed);",
    models="rt_queue_against_thief")

bug("task stolen without acquire", "rt/runq.rs",
    "let len = self.tail.load(Acquire).wrapping_sub(head);",
    "let len = self.tail.load(Relaxed).wrapping_sub(head);",
    models="rt_queue_against_thief")

bug("task taken by two", "rt/runq.rs",
    "self.head.compare_exchange(head, next, Release, Relaxed).is_ok()",
    "{ self.head.store(next, Release); true }",
    models="rt_queue_against_two_thieves", tests="--features rt --lib white_box::rt::thieves_and", soak="rt")

bug("owner pops without a claim", "rt/runq.rs",
    "match self.head.compare_exchange_weak(head, head.wrapping_add(1), Release, Relaxed) {",
    "self.head.store(head.wrapping_add(1), Relaxed);\n            match Ok::<usize, usize>(head) {",
    models="rt_queue_against_thief", tests="--features rt --lib white_box::rt::thieves_and")

bug("queue one too small for half", "rt/runq.rs",
    "if half { len - len / 2 } else",
    "if half { len / 3 } else",
    tests="--features rt --lib white_box::rt::half_is")

bug("next task taken by two", "rt/runq.rs",
    "NonNull::new(self.0.swap(std::ptr::null_mut(), AcqRel))",
    "{ let task = self.0.load(Acquire); self.0.store(std::ptr::null_mut(), Release); NonNull::new(task) }",
    models="rt_next_against_thief")

bug("submit without a fence", "rt/runq.rs",
    "NonNull::new(full_swap(&self.0, task.as_ptr()))",
    "NonNull::new(self.0.swap(task.as_ptr(), AcqRel))",
    models="rt_park_against_submit")

bug("park without a fence", "rt/sched.rs",
    "        fence(SeqCst);\n        if !self.ps().any(P::has_work)",
    "        if !self.ps().any(P::has_work)",
    models="rt_park_against_submit")

bug("park without a second look", "rt/sched.rs",
    "if !self.ps().any(P::has_work) || !self.has_vacancy() {",
    "if true {",
    models="rt_park_against_submit")

bug("park without a look at the global queue", "rt/sched.rs",
    "if let Some(task) = unsafe { self.take_batch(&mut inner, p) } {",
    "if let Some(task) = None {",
    models="rt_park_against_inject")

bug("inject wakes nobody", "rt/sched.rs",
    "let launch = wake.then(|| self.launch(&mut inner)).flatten();",
    "let launch = None;",
    models="rt_park_against_inject")

bug("woken thread still counts as asleep", "rt/sched.rs",
    "let on = inner.idle.pop();",
    "let on = inner.idle.last().cloned();",
    schedules="tasks::runtimes", soak="rt")

bug("detached for good", "rt/sched.rs",
    "if !inner.stopping && self.has_vacancy() {\n            p.state.store",
    "if false {\n            p.state.store",
    models="rt_detach_against_loop_head")

bug("detached and still active", "rt/sched.rs",
    "        self.active.fetch_sub(1, Relaxed);\n        inner.detached += 1;",
    "        inner.detached += 1;",
    models="rt_detach_against_blocking", tests="--features rt --test rt stalls::others_run")

bug("mark of sysmon erased", "rt/proc.rs",
    "self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok()",
    "{ let was = self.state(); if was == from { self.state.store(to, Relaxed) }; was == from }",
    models="rt_detach_against_blocking")

bug("seat given away with its P", "rt/proc.rs",
    "let seat = self.seat.swap(ptr::null_mut(), Relaxed);",
    "let seat: *mut Seat = ptr::null_mut();",
    tests="--features rt --lib white_box::rt::a_seat")

bug("seat lost with its P", "rt/proc.rs",
    "unsafe { Seats::process().leave(seat) };",
    "let _ = Seats::process;",
    tests="--features rt --lib white_box::rt::a_seat")

bug("slice that never ends", "rt/worker.rs",
    "if !p.expired.load(Relaxed) && self.inherited < SLICE {",
    "if true {",
    tests="--features rt --test rt fairness::the_queue_beside")

bug("global queue without a turn", "rt/worker.rs",
    "if p.tick().polls() % GLOBAL == GLOBAL - 1 {",
    "if false {",
    tests="--features rt --test rt fairness::the_global")

bug("next task not for thieves", "rt/worker.rs",
    "victim.tick() == tick",
    "{ let _ = tick; false }",
    tests="--features rt --test rt parallel::what_is_woken")

bug("late task dropped by its waker", "rt/shared.rs",
    "Err(late) => grave::bury(late),",
    "Err(late) => late.into_iter().for_each(task::cancel),",
    tests="--features rt --test rt shutdown::a_chain")

bug("workers without an end", "rt/sched.rs",
    "            if self.active() <= workers {\n                break;",
    "            if true {\n                break;",
    tests="--features rt --test rt workers::fewer")

bug("idle worker found stuck", "rt/sysmon.rs",
    "acted |= self.look(p, state, (same && polls).then_some(limit), now, &mut seen);",
    "acted |= self.look(p, p.state(), same.then_some(limit), now, &mut seen);",
    schedules="tasks::runtimes")

bug("poll of a thread that is yet to run", "rt/sched.rs",
    "        p.begin_search();\n",
    "",
    tests="--features rt --lib white_box::rt::no_poll")

bug("two looks for one that goes in and out", "rt/sched.rs",
    "        loop {\n            let seen = p.state();\n            if !is_active",
    "        for _ in 0..2 {\n            let seen = p.state();\n            if !is_active",
    models="rt_stop_against_blocking")

bug("collect lost with its task", "rt/sysmon.rs",
    "            super::blocking(collects::answer);\n",
    "            super::blocking(collects::run);\n        };\n        collects::take();\n        let collect = async move {\n            collect.await;\n",
    tests="--features rt --test rt pools::a_runtime_that_stops")

bug("one collect after the other, each a task", "rt/sysmon.rs",
    "self.shared.collecting.load(Relaxed) || ",
    "",
    tests="--features rt --test rt pools::others_do")

bug("collect under way for ever", "rt/sysmon.rs",
    "        self.0.store(false, Relaxed);\n",
    "        let _ = &self.0;\n",
    tests="--features rt --test rt pools::others_do")

bug("short slice for all", "rt/slice.rs",
    "        attributes.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;\n",
    "",
    tests="--features rt --lib white_box::rt::a_short")

bug("panic at the end for a timer", "rt/clock.rs",
    "let own = context::worker_of(shared.id, |worker| worker.is_some());",
    "let own = context::worker_of(shared.id, |worker| worker.is_none());",
    tests="--features rt --test rt shutdown::a_sleep_that")

bug("patience that overflows", "rt/sysmon.rs",
    "limit.max(self.patience()).saturating_mul(10)",
    "10 * limit.max(self.patience())",
    tests="--features rt --test rt input::a_limit")
