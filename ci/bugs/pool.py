"""Bugs in `src/pool`."""
from .planted import bug


# pool/collectable.rs

bug("flip without a claim", "seats {", "seats.chain(0..1) {",
    models="flip_against_owner", schedules="collectors", soak="")

bug("shelf does not age", "shelf.age(); self.", "",
    schedules="more_threads_than_seats", programs="random::pools")

bug("overdue objects live on", "append_aged", "append",
    programs="seeds")

bug("private objects left behind", "self.shelf.append(owner.take_private(&self.quota))", "let _ = &owner",
    models="vacate_hands_over", schedules="hand_over", programs="random::pools", soak="")

bug("half-changed rings used after a fork", "self.shards().for_each(|shard| unsafe { shard.mend() });", "",
    tests="--lib white_box::fork")

bug("private objects left behind by a fork", "self.vacate(seat);", "",
    tests="--test process forks_at_rest")

bug("units lost by a fork",
    "self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());",
    "",
    tests="--test process between")

bug("victims without a mark", "if shard.has_aged() { self.map.mark(victims, seat); }", "let _ = victims;",
    programs="random::pools")


# pool/core.rs

bug("first use that aborts", "expect(NO_MEMORY", "unwrap_or_else(|| std::process::abort()",
    tests="--test no_memory first_use")

bug("segment that must have memory",
    "try_slice(len, |i| Shard::<T>::new(first + i))?",
    "(0..len).map(|i| Shard::<T>::new(first + i)).collect::<Box<[_]>>()",
    tests="--test no_memory without_a_shard")

bug("hit path skips the hook", "self.recycle.is_none().then_some", "Some",
    tests="--test it recycled")

bug("shared bits announced too late", ">=", ">",
    models="put_is_found_behind_its_own_bit", programs="random::pools")

bug("segment of a quicker thread overwritten",
    "self.segments[index].compare_exchange(ptr::null_mut(), new.cast(), Release, Relaxed)",
    "{ self.segments[index].store(new.cast(), Release); Ok::<(), ()>(()) }",
    models="growth_against_growth", schedules="theft")

bug("generation read before the pin",
    "_pin = unsafe { seat.pin() }?; let owner = unsafe { shard.owner() }; owner.open(|| self.generation.load(Relaxed)",
    "generation = self.generation.load(Relaxed); let _pin = unsafe { seat.pin() }?; let owner = unsafe { shard.owner() }; owner.open(|| generation",
    schedules="stall")

bug("new shard a generation behind", "Relaxed),", "Relaxed).wrapping_sub(1),",
    models="join_against_collect", programs="random::pools")

bug("spare cells without a bound", "owner.private().surplus_empties()", "None",
    tests="--lib spare_cells_are_few")

bug("own bit ignored although it is shared", "!self.shared_bits.load(Relaxed) &&", "",
    models="put_is_found_behind_its_own_bit", programs="random::pools", tests="--lib threads_that_share_a_map_bit")

bug("quick check overlooks the shelf", "&& self.shelf.len() == 0", "",
    models="put_is_found_on_the_shelf", programs="random::pools", tests="--lib a_search_overlooks_no_object")

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

bug("drop inside the pin",
    "drop(pinned); let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => return Err(full),",
    "let slots = match pushed { Ok(()) => return Ok(()), Err(PushError::AtLimit(full)) => { drop(full); return Ok(()); }",
    soak="")

bug("object without a ring lost", "return self.shelve(full", "std::mem::forget(full); return Ok(()",
    tests="--test no_memory growth")


# pool/handle.rs

bug("pool sent whatever its objects", ": Send", "",
    tests="--test it types")

bug("pool shared whatever its objects", ": Send", "",
    tests="--test it types")

bug("segment cached without release", "Release", "Relaxed",
    models="handle_segment_cached_by_another")

bug("two cores of one pool", "self.get()", "None",
    models="handle_first_use_by_two")


# pool/hooks.rs

bug("refused object not counted", "if accepted { mem::forget(count); }", "mem::forget(count);",
    tests="--test it stats")


# pool/pool.rs

bug("put of a value skips the hook", "self.recycle.is_none() &&", "",
    tests="--test it guards")

bug("cell that must have memory", "EmptyCell::try_new", "|| Some(EmptyCell::new())",
    tests="--test no_memory growth")

bug("object dropped without being counted", "let _count = CountOnDrop(core);", "",
    tests="--test no_memory growth")

bug("reserve ignores the bound", "if !core.quota.has_room() { return; }", "",
    programs="random::sizes", fuzz="sizes")

bug("lent objects keep their weight", "found.iter().for_each(|full| core.release_weight(full));", "",
    tests="--test it weights::")


# pool/return_to.rs

bug("guard returns to a shard of another thread", "== here.id", "< 1 << 40 && !here.seat.is_null()",
    tests="--test it a_guard_may_be_dropped_on_another_thread", thread="--test it guards")

bug("spoilt object kept by its own thread", "&& !panicking()", "",
    tests="--test it a_panic_drops_held_objects_of_a_pool_without_hooks")

bug("spoilt object kept", "panicking()", "false",
    soak="")

bug("refused object kept", "get_mut()) {", "get_mut()) && false {",
    tests="--test it guards::only_objects")
