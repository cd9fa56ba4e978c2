"""Bugs in shards, ageing and collects."""
from .planted import bug

bug("victims published without release", "Release", "Relaxed",
    models="flip_against_owner_asymmetric", thread="--lib fences::objects_are")

bug("private objects dropped a generation early", "== 1", "== 0",
    models="flip_against_owner", schedules="collectors", programs="random::pools")

bug("chain of a shard that is not open drained", "if !self.open.load(Acquire) { return; }", "",
    models="open_against_shrink")

bug("shard open before its generation is known", "Release", "Relaxed",
    models="open_against_drain")

bug("units given back twice", "- all.len()", "",
    models="bound_against_collect", schedules="bound", programs="random::pools", fuzz="pool", soak="")

bug("late seat keeps overdue objects", "drain(self.primary(), gone);", "",
    schedules="stall")

bug("units stay behind a spill", "quota.bounded()", "false",
    schedules="bound", programs="random::pools")

bug("overdue objects aged once more", "==", ">=",
    programs="random::pools")

bug("units of stolen objects given back", "- new", "",
    programs="random::pools")

bug("slot not emptied", "private.slot.store(vacant(), Relaxed);", "",
    programs="random::pools", fuzz="pool")

bug("magazine loses its top", "top,", "top / 2 * 2,",
    programs="random::pools")

bug("taken object stays in the slot", "private.slot.store(spare(slot), Relaxed);", "",
    models="flip_against_values", schedules="collectors", programs="random::pools", fuzz="pool")

bug("cell that is used again stays a spare one", "- SPARE", "",
    programs="random::pools", tests="--lib cells_are_conserved")

bug("spare cell lost when put away", "..", "+ 1..",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cell of the slot lost when put away", "self.keep_empty(cell)", "let _ = cell",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cells overwritten by a batch", "all.copy_within(count..count + spares, end);", "",
    programs="random::pools")

bug("spare cell overwritten by one object", "+ spares, self.place(count)); self.set_place(count", "",
    programs="random::pools")

bug("spare cells without a bound", "owner.private().surplus_empties()", "None",
    tests="--lib spare_cells_are_few")

bug("spill that its owner does not know of", "self.shard.published.store(true, Relaxed);", "",
    models="published_against", programs="random::pools", tests="--lib shards_know")

bug("older rings forgotten",
    "self.shard.published.store(!head.is_alone()",
    "let _ = head.is_alone(); self.shard.published.store(false",
    models="published_against_thief", tests="--lib shards_know")

bug("own chain looked for in vain for ever",
    "self.shard.published.store(!head.is_alone(), Relaxed",
    "let _ = head.is_alone(",
    tests="--lib shards_know")

bug("spill of another generation known", "published.store(false, Relaxed); self.shard.", "",
    tests="--lib shards_know")

bug("unit without a ring lost", "quota.release(1);", "",
    tests="--test no_memory growth")

bug("victims taken without acquire", "Acquire", "Relaxed",
    models="flip_against_owner")

bug("wrong generation", ".wrapping_add(1)", "",
    models="flip_against_thief", programs="random::pools", soak="")

bug("count of victims overwritten", "fetch_sub(aged.len()", "store(0",
    models="idle_is_exact_at_rest")

bug("count of victims not taken back", "self.shared.aged_len.fetch_sub(aged.len(), Relaxed);", "",
    programs="random::pools")

bug("flip without a claim", "seats {", "seats.chain(0..1) {",
    models="flip_against_owner", schedules="collectors", soak="")

bug("private objects left behind", "self.shelf.append(owner.take_private(&self.quota))", "let _ = &owner",
    models="vacate_hands_over", schedules="hand_over", programs="random::pools", soak="")

bug("shelf does not age", "shelf.age(); self.", "",
    schedules="more_threads_than_seats", programs="random::pools")

bug("overdue objects live on", "append_aged", "append",
    programs="seeds")

bug("victims without a mark", "if shard.has_aged() { self.map.mark(victims, seat); }", "let _ = victims;",
    programs="random::pools")

bug("private objects left behind by a fork", "self.vacate(seat);", "",
    tests="--test process forks_at_rest")

bug("half-changed rings used after a fork", "self.shards().for_each(|shard| unsafe { shard.mend() });", "",
    tests="--lib white_box::fork")

bug("units lost by a fork",
    "self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());",
    "",
    tests="--test process between")

bug("mark lost", "= holds", "= false && holds",
    schedules="theft")

bug("mark before the objects it stands for", "Release", "Relaxed",
    models="map_seen_is_found")

bug("mark for one of several shards", "find_map", "take(1).find_map",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib threads_that_share_a_map_bit")

bug("own bit ignored although it is shared", "!self.crowded.load(Relaxed) &&", "",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib threads_that_share_a_map_bit")

bug("shared bits announced too late", ">=", ">",
    models="put_is_found_behind_the_own_bit", programs="random::pools")

bug("quick check overlooks victims", "| self.word(parity ^ 1).load(Relaxed)", "",
    models="put_is_found_as_a_victim", programs="random::pools", tests="--lib a_search_overlooks_no_object")

bug("quick check overlooks the shelf", "&& self.shelf.len() == 0", "",
    models="put_is_found_on_the_shelf", programs="random::pools", tests="--lib a_search_overlooks_no_object")

bug("quick check overlooks private objects", "self.private.is_empty() &&", "",
    programs="random::pools")

bug("segment cached without release", "Release", "Relaxed",
    models="lazy_near_by_another")

bug("segment that must have memory",
    "try_slice(len, |i| Shard::<T>::new(first + i))?",
    "(0..len).map(|i| Shard::<T>::new(first + i)).collect::<Box<[_]>>()",
    tests="--test no_memory without_a_shard")

bug("late work left undone", "unsafe { pool.catch_up(seat.id) }", "let _ = pool",
    models="late_catch_up")

bug("collect without the registry's lock", "Registry::lock()", "unsafe { &*std::ptr::from_ref(&*Registry::lock()) }",
    models="lazy_end_against_collect")

bug("entry of a moved pool", "moved.get().set_entry(entry)", "let _ = moved",
    schedules="pools_open_and_close")

bug("collect that must have memory",
    "if garbage.try_reserve(registry.len()).is_ok()",
    "garbage.reserve(registry.len());",
    tests="--test no_memory growth")

bug("postponed garbage lost",
    "garbage",
    "else { registry.pools().for_each(|pool| std::mem::forget(pool.take_pending())); } garbage",
    tests="--test no_memory growth")

bug("destructors under the registry's lock", "garbage } }; drop_pending(garbage)", "drop_pending(garbage); } }",
    soak="")
