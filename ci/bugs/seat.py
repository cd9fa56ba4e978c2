"""Bugs in `src/seat`."""
from .planted import bug


# seat/buckets.rs

bug("buckets overlap", "< log", "< (log / 2 * 2)",
    programs="random::pools", fuzz="sizes")


# seat/claim.rs

bug("heavy fence for each seat", "fenced ||", "seats.fence_kind.heavy() ||",
    tests="--lib a_collect_has_one")

bug("waiting owners come last",
    "self.claimed().filter(|seat| seat.has_acknowledged()).for_each(&mut finish);",
    "",
    tests="--lib owners_that_wait")

bug("refused fence taken for granted", "claim.is_ordered(seat)", "true",
    models="pin_refused_fence")

bug("one acknowledgement taken for all", "while !seat", "if seat.has_acknowledged() { return true } while !seat",
    models="pin_asymmetric")

bug("endless wait for acknowledgements", "spins -= 1;", "",
    tests="--test it a_collect_does_not_wait_for_idle_threads")

bug("half-changed private part used after a fork", "seat.is_reached()", "true",
    tests="--test process between")

bug("gate left closed", "for_each", "skip(1).for_each",
    schedules="collectors")


# seat/fence.rs

bug("missing heavy fence", "sync::heavy_fence(),", "true,",
    models="pin_asymmetric", soak="")

bug("missing symmetric fence, collector", "fence(SeqCst);", "let _ = (fence, SeqCst);",
    models="pin_symmetric")

bug("switch for symmetric fences ignored", "== \"symmetric\"", "== \"\"",
    tests="--test process fences::the_environment")


# seat/reading.rs

bug("epoch read without acquire", "Acquire", "Relaxed",
    models="removal_against_thief")

bug("reading begins without release", "Release", "Relaxed",
    models="removal_against_thief")

bug("reading begins without a fence", "fence(SeqCst);", "",
    models="removal_against_thief")

bug("epoch advances without release", "Release", "Relaxed",
    models="removal_against_thief")

bug("epoch advances without a fence", "fence(SeqCst);", "",
    models="removal_against_thief")

bug("end of reading without a seat seen without acquire", "Acquire", "Relaxed",
    models="removal_against_stats")

bug("end of reading seen without acquire", "Acquire", "Relaxed",
    models="removal_against_thief")

bug("reading ends without release", "Release", "Relaxed",
    models="removal_against_thief")


# seat/seat.rs

bug("gate read without acquire", "Acquire", "Relaxed",
    models="pin_asymmetric")

bug("gate read too early for a symmetric hit", "self.gate.load(SeqCst)", "self.gate.load(Relaxed)",
    models="pin_symmetric")

bug("missing symmetric fence, owner", "full_store(&self.pinned, 1)",
    "let _ = full_store; self.pinned.store(1, Relaxed)",
    models="pin_symmetric")

bug("gate read without acquire, after a fence", "self.gate.load(SeqCst)", "self.gate.load(Relaxed)",
    models="pin_symmetric")

bug("late seat used by its owner", "& !(FENCED | UNWATCHED) == OPEN", "& CLAIMED == 0",
    schedules="stall")

bug("acknowledgement of a claim that has ended", "(gate & CLAIMED != 0).then_some", "Some",
    models="pin_acknowledged")

bug("acknowledgement without release", "Release", "Relaxed",
    models="pin_acknowledged")

bug("acknowledgement read without acquire", "Acquire", "Relaxed",
    models="pin_acknowledged")

bug("dormant seat left out without release", "Release", "Relaxed",
    models="pin_dormant")

bug("dormant while its owner waits", "gate & ACKNOWLEDGED == 0", "true",
    tests="--lib owners_that_wait")

bug("missing light fence", "self.light_fence.light();", "",
    models="pin_asymmetric")

bug("mark of an unwatched seat lost", "FENCED | UNWATCHED | keep", "FENCED | keep",
    models="end_against_hit")

bug("gate opened without release", "Release", "Relaxed",
    models="pin_asymmetric", thread="--lib fences::objects_are")

bug("endless wait for an unpin", "UNPIN_SPINS", "usize::MAX",
    tests="--lib stopped")

bug("claim does not see the unpin", "Acquire", "Relaxed",
    models="pin_asymmetric")

bug("late seat used", "if !reached { self.skip(late); } reached", "let _ = (reached, late); true",
    models="pin_late_asymmetric", schedules="stall", fuzz="pool", tests="--lib stopped", soak="")

bug("late mark forgotten", "self.open(if all && self.is_reached() { 0 } else { LATE }", "let _ = all; self.open(0",
    models="pin_late_asymmetric", schedules="stall", programs="random::pools", tests="--lib stopped")

bug("late mark lost to a trim", "all &&", "",
    models="late_after_a_trim", schedules="stall", programs="random::pools")

bug("unpin without release", "Release", "Relaxed",
    models="pin_asymmetric", thread="--lib fences::objects_are")


# seat/shards.rs

bug("tables of this epoch freed with those of the last one", "self.shared_table.free_retired()",
    "self.shared_table.retire_old(); self.shared_table.free_retired()",
    models="growth_of_a_table_against_collect")

bug("shard published without release", "Release", "Relaxed",
    models="growth_in_place_against_stats")

bug("table grows without its lock", "let _lock = self.shared_table.lock();", "",
    models="growth_of_a_table_against_end")

bug("table published without release", "Release", "Relaxed",
    models="growth_")

bug("removed table still used by its owner", "self.table.store(NO_TABLE, Relaxed);", "",
    models="removal_against_owner")

bug("end of a pool without the lock of the table", "let _lock = self.shared_table.lock();", "",
    models="growth_of_a_table_against_end")

bug("shard of an ended pool left in a table", "entry.store(missing, Relaxed);", "",
    models="handle_index_reused")


# seat/table.rs

bug("stale seat", "self.taken[full] |= 1 << (id % 64);", "",
    models="seat_hand_over", schedules="hand_over", programs="random::pools", soak="")

bug("seats that must have memory",
    "try_slice(len, |i| Seat::new(id - offset + i, self.fence_kind))?",
    "(0..len).map(|i| Seat::new(id - offset + i, self.fence_kind)).collect()",
    tests="--test no_memory without_a_seat")


# seat/moves.rs

bug("move begins without a fence", "fence(Release);", "",
    models="recall_against")

bug("move ends without release", "Release", "Relaxed",
    models="recall_against")

bug("search ends without a fence", "fence(Acquire);", "",
    models="recall_against")

bug("moves are not noticed", "before & 1 == 0 &&", "true ||",
    models="recall_against")

bug("users register the process", "has_one_thread()", "false",
    tests="--test process the_only_thread_registers")
