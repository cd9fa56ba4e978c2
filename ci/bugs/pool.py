"""Bugs in `src/pool`."""
from .planted import bug


# pool/collectable.rs

bug("hit path skips the hook", "if self.is_plain() { index } else { NO_INDEX }", "index",
    tests="--test it recycled")

bug("kept objects counted as dropped", "self.drops.add(units.wrapping_neg(), self.step_reason());", "",
    tests="--test it ageing::collects_leave")

bug("idle objects that are to be kept dropped", "self.shelf.append_aged(kept);", "drop(kept);",
    tests="--test it ageing::collects_leave")

bug("stock kept by collects", "iter::from_fn(|| self.stock.take())", "iter::empty()",
    tests="--test memory cells_of_values_that_leave")

bug("shelf does not age", "self.shelf.age();", "",
    schedules="more_threads_than_seats", programs="random::pools")

bug("overdue objects live on", "append_aged", "append",
    programs="seeds")

bug("private objects left behind", "self.shelf.append(owner.take_private(&self.quota))", "let _ = &owner",
    models="vacate_hands_over", schedules="hand_over", programs="random::pools", soak="")

bug("end looks at the shelf without its lock", "self.shelf.locked_len()", "self.shelf.len()",
    models="end_against_put_on_the_shelf")

bug("half-changed rings used after a fork", "self.shards(reading).for_each(|shard| unsafe { shard.mend() });", "",
    tests="--lib white_box::fork")

bug("removed shards not repaired after a fork", "self.with_pending(|pending| unsafe { pending.shards.mend() });", "",
    tests="--lib white_box::fork")

bug("private objects left behind by a fork", "self.vacate(seat, any);", "",
    tests="--test process forks_at_rest")

bug("units lost by a fork",
    "self.quota.recount(self.shards(reading).map(Shard::units).sum::<usize>() + self.shelf.len());",
    "",
    tests="--test process between")

bug("victims without a mark", "if shard.has_aged() { self.map.mark(victims, seat.id); }", "let _ = victims;",
    programs="random::pools")

bug("counts of a freed shard lost", "self.counters.for_result(Found::ShelfOrOwnTail).add(shard.hits());", "",
    models="removal_against_thief")

bug("slow counts of a freed shard lost", "self.counters.add_all(&shard.shared.counters);", "",
    tests="--lib stats_count")

bug("loans of a freed shard lost", "self.add_loans(shard.loans());", "",
    tests="--test memory layout")


# pool/core.rs

bug("shard added after the end", "if self.has_ended() { return None; }", "",
    models="end_")

bug("table that must have memory", "NewTable::try_new(index, NOBODY)?", "NewTable::try_new(index, NOBODY).unwrap()",
    tests="--test no_memory without_a_shard")

bug("shared bits announced too late", ">=", ">",
    models="put_is_found_behind_its_own_bit", programs="random::pools")

bug("generation read before the pin",
    "owner.open(|| self.generation.load(Relaxed));",
    "drop(_pin); let generation = self.generation.load(Relaxed); let _pin = unsafe { seat.pin() }?; owner.open(|| generation);",
    schedules="stall")

bug("new shard a generation behind", "Relaxed),", "Relaxed).wrapping_sub(1),",
    models="join_against_collect", programs="random::pools")

bug("own bit ignored although it is shared", "!self.shared_bits.load(Relaxed) &&", "",
    models="put_is_found_behind_its_own_bit", programs="random::pools", tests="--lib threads_that_share_a_map_bit")

bug("quick check overlooks the shelf", "&& self.shelf.len() == 0", "",
    models="put_is_found_on_the_shelf", programs="random::pools", tests="--lib a_search_overlooks_no_object")


# pool/end.rs

bug("end of a pool overlooks a shard", "let Some(shard) = self.take_shard(seat)", "let Some(shard) = self.take_shard(seat).filter(|_| seat.id > 0)",
    tests="--test it owned")

bug("shard freed while guards are left", "self.keep_removed(shard);", "drop(shard);",
    models="end_before_a_guard_at_the_bound")

bug("loans of a shard lost at the end", "loans = loans.wrapping_add(shard.loans());", "",
    models="end_")

bug("end does not see the last guard", "Acquire", "Relaxed",
    models="end_after_a_guard")

bug("pool ends after its gates are open",
    "let before = self.loans.sum.fetch_add(more, Acquire); drop(claim);",
    "drop(claim); let before = self.loans.sum.fetch_add(more, Acquire);",
    models="end_")

bug("loan not ended in the shard", "local.shard.add_loans(1_usize.wrapping_neg());", "",
    tests="--test buffers owned::nothing_is_left")

bug("loan ended twice", "is_some() {", "is_some() && false {",
    tests="--test it owned")

bug("last guard does not see the others", "AcqRel", "Release",
    models="end_before_a_guard")

bug("loan ends without release", "AcqRel", "Acquire",
    models="end_")

bug("core freed before the last guard", "before == LOAN + ENDED", "before & ENDED != 0",
    models="end_")


# pool/handle.rs

bug("pool sent whatever its objects", ": Send", "",
    tests="--test it types")

bug("pool shared whatever its objects", ": Send", "",
    tests="--test it types")

bug("shard looked up before the pin",
    "let (seat, pin) = here.pin_fast()?; Some(Self { shard: lookup::for_hit(seat, index)?, _pin: pin })",
    "let shard = lookup::for_hit(here.pin_fast()?.0, index)?; Some(Self { shard, _pin: here.pin_fast()?.1 })",
    models="removal_against_owner")

bug("two cores of one pool", "self.get()", "None",
    models="handle_first_use_by_two")

bug("index published without release", "Release", "Relaxed",
    models="handle_index_reused")

bug("index free before its entries are",
    "registry.leave(shared.index()); let mut core = unsafe { Box::from_raw(core.as_ptr()) };",
    "registry.leave(shared.index()); drop(registry); let mut core = unsafe { Box::from_raw(core.as_ptr()) }; let registry = ();",
    models="handle_first_use_against_end")


# pool/hooks.rs

bug("own unit out of reach while the seat is claimed", "self.wait_for_own_unit(seat)", "false",
    tests="--test it reach::own")

bug("refused object not counted", "if accepted { mem::forget(count); }", "mem::forget(count);",
    tests="--test it stats")


# pool/leaves_idle.rs

bug("no collect thread for what a call leaves idle", "many()", "false",
    tests="--test process a_second_object")

bug("no collect thread for what is on the shelf", "self.shelf.len() > 0", "false",
    models="end_against_put_on_the_shelf")


# pool/lend.rs

bug("loan without an object not counted", "local.shard.add_loans(1);", "",
    address="--test buffers owned::a_buffer_outlives")


# pool/manager_box.rs

bug("manager never dropped", "(self.head().free)(self.0)", "let _ = self.head().free",
    tests="--test it manage::a_manager_is_dropped")


# pool/pool.rs

bug("reserved objects do not age", "core.poll();", "",
    tests="--test process collect_thread")

bug("loan not counted by a hit", "local.shard.add_loans(1);", "",
    tests="--test it owned")

bug("core freed by a reference", "ReturnTo::core_of(unsafe { self.core.used() })",
    "ReturnTo::core_of(std::ptr::NonNull::from(self.used_core()))",
    miri="user")

bug("reserve ignores the bound", "if !core.lease_recalled(slow_path_seat(), has_room) { return; }", "",
    programs="random::sizes", fuzz="sizes")


bug("manager of an unused pool leaked", "self.manager.assume_init_drop()", "()",
    tests="--test it manage::a_manager_is_dropped")


bug("cells of a shard that has not aged leaked", "pending.empties.append(owner.private().take_empties()); self.unreserve(&owner); owner.private().release_unused", "self.unreserve(&owner); owner.private().release_unused",
    address="--test it scoped::collects_of_unused")

bug("weight of a shard that has not aged lost", "self.unreserve(&owner);", "",
    tests="--test it scoped::collects_of_unused")

bug("units of a shard that has not aged lost", "owner.private().release_unused(&self.quota);", "",
    tests="--test it scoped::collects_of_unused")


# pool/put.rs

bug("drop inside the pin",
    "drop(pinned); self.add_to_stock(surplus); let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => return Err(full),",
    "self.add_to_stock(surplus); let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => { drop(full); return Ok(()); }",
    soak="")

bug("object without a magazine lost", "return self.shelve_weighed(back", "std::mem::forget(back); return Ok(()",
    tests="--test no_memory growth")

bug("object without a ring lost", "return self.shelve_weighed(full", "std::mem::forget(full); return Ok(()",
    tests="--test no_memory growth")

bug("spare cells of passed objects without a bound", "pinned.owner.private().surplus_empties()", "None",
    tests="--test memory cells_of_passed_guards")

bug("weight lost when there is no unit", ".inspect_err(|_| limit.sub(weight))", "",
    tests="--test it teardown")

bug("detached object counted as outstanding", "self.left.add(1);", "",
    tests="--test it manage::outstanding")

bug("spare cells without a bound", "owner.private().surplus_empties()", "None",
    tests="--lib spare_cells_are_few")


# pool/recall.rs

bug("own objects out of reach while the seat is claimed", "self.take_missed(seat)", "None",
    tests="--test it reach::own")

bug("own reservation out of reach", "self.unreserve(&pinned.owner);", "",
    tests="--test it reach::a_reservation")

bug("own units out of reach", "pinned.owner.private().release_unused(&self.quota);", "",
    tests="--test it reach::reserve_uses")

bug("own units out of reach while the seat is claimed by a recall", "undisturbed(seat, release)", "None",
    models="recall_of_own_units_beside_a_claim")

bug("units of a collect overlooked", "wait_for_collector();", "",
    models="recall_of_units_against_collect")

bug("private objects out of reach", "self.recall(seat, hoarders, wanted, patience, keep_one)?", "keep_one(List::new())",
    models="recall_finds_what_was_put", schedules="recalls", programs="random::pools", tests="--test it reach::")

bug("extra objects without a bound", "self.extra.load(Relaxed) < (objects / EXTRA).min(MAX_EXTRA) &&", "",
    tests="--test it reach::")

bug("recalled objects lost with the one that is used", "self.keep_recalled(seat, got);", "drop(got);",
    programs="random::pools")

bug("units out of reach",
    "self.recall(seat, hoarders, wanted, patience, |got| self.shelf.append(got)).is_some();", "false;",
    tests="--test it reach::")


# pool/return_to.rs

bug("loan not ended by a hit", "local.shard.add_loans(1_usize.wrapping_neg());", "",
    tests="--test memory layout")

bug("spoilt object kept", "panicking()", "false",
    soak="")

bug("refused object kept", "get_mut()) {", "get_mut()) && false {",
    tests="--test it guards::only_objects")

bug("spoilt object kept by its own thread", "(!panicking()).then(CurrentSeat::get)", "Some(CurrentSeat::get())",
    tests="--test it a_panic_drops_held_objects_of_a_pool_without_hooks")


# pool/slow_path.rs

bug("first use that aborts", "expect(NO_MEMORY", "unwrap_or_else(|| std::process::abort()",
    tests="--test no_memory first_use")

bug("attached object not counted", "self.core().left.add(1_usize.wrapping_neg());", "",
    tests="--test it manage::an_attached")

bug("lent objects keep their weight", "found.iter().for_each(|full| core.release_weight(full));", "",
    tests="--test it weights::")


# pool/stats.rs

bug("counters do not wrap", "created.wrapping_sub(gone)", "created.saturating_sub(gone)",
    tests="--lib white_box::wrapped::")


# pool/take.rs

bug("unit lost at the shelf", "self.quota.release(1);", "",
    schedules="bound", programs="random::pools")

bug("victims before the shelf", ".wrapping_add(1)", "",
    programs="random::pools")

bug("units of stolen objects lost", "{ self.quota.release(1); 0 }", "0,",
    programs="random::pools")

bug("leftovers of a steal dropped", "self.shelf.append", "drop",
    schedules="theft")

bug("victims become primary", "append_aged", "append",
    programs="random::pools")

bug("victims lost with the one that is used", "self.shelf.append_aged", "drop",
    schedules="collectors")

bug("one of several shards of a bit searched", "find_map", "take(1).find_map",
    models="put_is_found_behind_its_own_bit", programs="random::pools", tests="--lib threads_that_share_a_map_bit")


# pool/values.rs

bug("value kept without being weighed", "core.weight_limit.is_some()", "false",
    tests="--test it weights::")

bug("put of a value skips the hook", "self.is_plain &&", "",
    tests="--test it guards")

bug("cell that must have memory", "EmptyCell::try_new", "|| Some(EmptyCell::new())",
    tests="--test no_memory growth")

bug("object dropped without being counted", "let _count = CountOnDrop(core, Reason::Full);", "",
    tests="--test no_memory growth")

bug("get waits until the process is registered", "|| !is_quick(&self.seats)", "",
    tests="--test process no_get_registers")

bug("collects reach objects that borrow", "S::COLLECTED", "true",
    tests="--test it scoped")

bug("pool of borrowed values ages in its calls", "self.is_collected", "true",
    tests="--test process a_scoped_pool_does_not_age")

bug("late work of a pool that is not collected forgotten", "|| self.is_ahead_of(typed(shard))", "",
    tests="--lib a_collect_makes_up_for_a_trim")

bug("counts of a pool with loans lost", "self.keep_counts(&shard);", "",
    tests="--test metrics counters_outlive_a_pool")
