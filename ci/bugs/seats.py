"""Seats and fences."""
from .planted import bug

bug("missing light fence", "seat.rs",
    "        self.token.light();\n",
    "",
    models="pin_asymmetric")

bug("missing symmetric fence, owner", "seat.rs",
    "            fence(SeqCst);\n",
    "            let _ = (fence, SeqCst);\n",
    models="pin_symmetric")

bug("unpin without release", "seat.rs",
    "self.0.pinned.store(false, Release);",
    "self.0.pinned.store(false, Relaxed);",
    models="pin_asymmetric", thread="--lib fences::objects_are")

bug("claim does not see the unpin", "seat.rs",
    "let reached = !self.pinned.load(Acquire);",
    "let reached = !self.pinned.load(Relaxed);",
    models="pin_asymmetric")

bug("gate opened without release", "seat.rs",
    "self.gate.fetch_and(FENCED | keep, Release);",
    "self.gate.fetch_and(FENCED | keep, Relaxed);",
    models="pin_asymmetric", thread="--lib fences::objects_are")

bug("gate read without acquire", "seat.rs",
    "(self.gate.load(Acquire) == OPEN)",
    "(self.gate.load(Relaxed) == OPEN)",
    models="pin_asymmetric")

bug("gate read without acquire, after a fence", "seat.rs",
    "if self.gate.load(Acquire) & !FENCED == OPEN {",
    "if self.gate.load(Relaxed) & !FENCED == OPEN {",
    models="pin_symmetric")

bug("notice of a claim that is over", "seat.rs",
    "(gate & CLAIMED != 0).then_some(gate | SEEN)",
    "Some(gate | SEEN)",
    models="pin_seen")

bug("notice without release", "seat.rs",
    "fetch_update(Release, Relaxed, seen)",
    "fetch_update(Relaxed, Relaxed, seen)",
    models="pin_seen")

bug("notice read without acquire", "seat.rs",
    "self.gate.load(Acquire) & SEEN != 0",
    "self.gate.load(Relaxed) & SEEN != 0",
    models="pin_seen")

bug("notice of one believed of all", "seats.rs",
    "self.vacant.is_taken(seat.id)).all(",
    "self.vacant.is_taken(seat.id)).any(",
    models="pin_asymmetric")

bug("notice waited for without end", "seats.rs",
    "                looks -= 1;\n",
    "",
    tests="--test it a_collect_does_not_wait_for_idle_threads")

bug("late seat used", "seat.rs",
    "if !reached {\n            self.gate",
    "if false {\n            self.gate",
    models="pin_late_asymmetric", schedules="stall", fuzz="pool", tests="--lib stopped", soak="")

bug("late mark forgotten", "seat.rs",
    "self.open(if all && self.is_reached() { 0 } else { LATE });",
    "let _ = all; self.open(0);",
    models="pin_late_asymmetric", schedules="stall", programs="random::pools", tests="--lib stopped")

bug("late mark lost to a trim", "seat.rs",
    "if all && self.is_reached() { 0 } else { LATE }",
    "if self.is_reached() { 0 } else { LATE }",
    models="late_after_a_trim", schedules="stall", programs="random::pools")

bug("late seat used by its owner", "seat.rs",
    "if self.gate.load(Acquire) & !FENCED == OPEN {",
    "if self.gate.load(Acquire) & CLAIMED == 0 {",
    schedules="stall")

bug("seat wanted when thread-locals are gone", "seat.rs",
    "TENANCY.try_with(|_| ()).ok()?;",
    "TENANCY.with(|_| ());",
    tests="--test process exits")

bug("collector that waits for ever", "seat.rs",
    "(0..PATIENCE).any(",
    "(0..usize::MAX).any(",
    tests="--lib stopped")

bug("seat given back before it is vacated", "seat.rs",
    "            crate::collect::vacate(seat);\n"
        "            // SAFETY: this thread held it, and has just forgotten it.\n"
        "            unsafe { Seats::process().leave(seat) };\n",
    "            // SAFETY: none.\n"
        "            unsafe { Seats::process().leave(seat) };\n"
        "            crate::collect::vacate(seat);\n",
    soak="")

bug("missing heavy fence", "fence.rs",
    "Self::Asymmetric => crate::sync::membarrier(),",
    "Self::Asymmetric => {}",
    models="pin_asymmetric", soak="")

bug("missing symmetric fence, collector", "fence.rs",
    "Self::Symmetric => fence(SeqCst),",
    "Self::Symmetric => { let _ = (fence, SeqCst); }",
    models="pin_symmetric")

bug("stale seat", "seats.rs",
    "        self.taken[full] |= 1 << (id % 64);\n",
    "",
    models="seat_hand_over", schedules="hand_over", programs="random::pools", soak="")

bug("gate left closed", "seats.rs",
    "self.existing().for_each(|seat| seat.release(self.all));",
    "self.existing().skip(1).for_each(|seat| seat.release(self.all));",
    schedules="collectors")

bug("buckets overlap", "seats.rs",
    "id - (first << log)",
    "id - (first << (log / 2 * 2))",
    programs="random::pools", fuzz="sizes")

bug("half done places of the dead used", "seats.rs",
    "reached: seat.is_reached() })",
    "reached: true })",
    tests="--test process between")

bug("seats that must have memory", "seats.rs",
    "try_slice(len, |i| Seat::new(id - offset + i, self.strategy))?",
    "(0..len).map(|i| Seat::new(id - offset + i, self.strategy)).collect()",
    tests="--test no_memory without_a_seat")
