"""Bugs in `src/shard`."""
from .planted import bug


# shard/owner.rs

bug("older rings forgotten",
    "self.shard.published.store(!head.is_alone()",
    "let _ = head.is_alone(); self.shard.published.store(false",
    models="published_against_thief", tests="--lib shards_know")

bug("own empty chain searched again and again",
    "self.shard.published.store(!head.is_alone(), Relaxed",
    "let _ = head.is_alone(",
    tests="--lib shards_know")

bug("shard freed while it is in use", "shard.known_uses.replace(uses) == uses", "{ shard.known_uses.set(uses); true }",
    tests="--lib shards_in_use_stay")

bug("unit lost when a ring is needed", "quota.release(1);", "",
    tests="--test no_memory growth")

bug("weight lost when a ring is needed", "self.limit.iter().for_each(|limit| limit.sub(weight));", "",
    tests="--lib white_box::weighed")

bug("weight not noted by a push", "unsafe { note_weight(cell, weight) };", "",
    tests="--lib white_box::weighed")

bug("unit lost when an object is too heavy", "quota.release(1);", "",
    tests="--lib white_box::weighed")

bug("units not moved by a spill", "quota.bounded()", "false",
    schedules="bound", programs="random::pools")

bug("spill does not set the published flag", "self.shard.published.store(true, Relaxed);", "",
    models="published_against", programs="random::pools", tests="--lib shards_know")

bug("shard open before its generation is known", "Release", "Relaxed",
    models="open_against_drain")

bug("overdue objects aged once more", "==", ">=",
    programs="random::pools")

bug("magazine for a first loot", "self.shard.shared.counters.has_stolen()", "true",
    tests="--test memory a_first_theft_is_small")

bug("private objects dropped a generation early", "== 1", "== 0",
    models="flip_against_owner", schedules="collectors", programs="random::pools")

bug("victims published without release", "Release", "Relaxed",
    models="flip_against_owner_asymmetric", thread="--lib fences::objects_are")

bug("late seat keeps overdue objects", "drain(self.primary(), gone);", "",
    schedules="stall")

bug("flip does not clear the published flag", "published.store(false, Relaxed); self.shard.", "",
    tests="--lib shards_know")


# shard/private/magazine.rs

bug("magazine that must have memory", "try_box([ptr::null_mut(); PLACES])?", "Box::new([ptr::null_mut(); PLACES])",
    tests="--test no_memory growth")

bug("magazine leaked with its shard", "drop(unsafe { Box::from_raw(self.0.as_ptr()) });", "",
    tests="--test memory layout")


# shard/private/hit.rs

bug("slot not emptied", "private.slot.store(vacant(), Relaxed);", "",
    programs="random::pools", fuzz="pool")

bug("magazine loses its top", "top,", "top / 2 * 2,",
    programs="random::pools")

bug("taken object stays in the slot", "private.slot.store(spare(slot), Relaxed);", "",
    models="flip_against_values", schedules="collectors", programs="random::pools", fuzz="pool")

bug("cell that is used again stays a spare one", "- SPARE", "",
    programs="random::pools", tests="--lib cells_are_conserved")


# shard/private/objects.rs

bug("spare cell overwritten by one object", "+ spares, self.place(count)); self.set_place(count", "",
    programs="random::pools")

bug("spare cells overwritten by a batch",
    "(count..count + spares).rev().for_each(|i| self.set_place(i + batch.len(), self.place(i)));",
    "",
    programs="random::pools")

bug("units given back twice", "- all.len()", "",
    models="bound_against_collect", schedules="bound", programs="random::pools", fuzz="pool", soak="")

bug("places stay open after a collect", "self.close();", "",
    tests="--lib places_open")


# shard/private/evidence.rs

bug("recalled private part stays enabled", "self.enabled.store(false, Relaxed);", "",
    tests="--lib evidence::")


# shard/private/spare.rs

bug("spare cell lost when put away", "..", "+ 1..",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cell of the slot lost when put away", "self.keep_empty(cell)", "let _ = cell",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("surplus cells that no batch holds", ".min(BATCH)", "",
    tests="--lib white_box::shard::empty_cells")

bug("spare cells from elsewhere lost", "self.set_counts(count, spares);", "",
    tests="--lib white_box::shard")


# shard/private/units.rs

bug("lease above the number of places", "(private.grown.load(Relaxed) + back).min(quota.places())", "private.grown.load(Relaxed) + back",
    tests="--lib places_open", address="--lib white_box::shard")

bug("buffer without regard to the chain", "(shared / 2).min(quota.batch())", "quota.batch()",
    tests="--lib an_owner_that_only_puts")

bug("units of stolen objects given back", "- new", "",
    programs="random::pools")


# shard/private/weighed.rs

bug("object above its reservation kept", "weight <= reserved &&", "",
    tests="--lib white_box::weighed")

bug("weight of a value not noted", "private.slot_weight.store(weight, Relaxed);", "",
    tests="--test it weights::a_value_is_weighed")

bug("reservation of the magazine's objects given to the slot",
    ".min(reserved.saturating_sub(weights.of_oldest(private.count())))", ".min(reserved)",
    tests="--lib white_box::weighed")

bug("weight of an object that has left reserved as well", "self.divide(reserved.saturating_sub(gone));", "",
    tests="--lib white_box::weighed")

bug("weight not noted by a spill", "unsafe { note_weight(cell, weights.of(i)) };", "let _ = (i, cell, note_weight::<T>);",
    tests="--lib white_box::weighed")

bug("weight of spilled objects reserved as well",
    "reserved.store(reserved.load(Relaxed).saturating_sub(weight), Relaxed);", "",
    tests="--lib white_box::weighed")

bug("weight of stolen objects reserved twice", "limit.sub(now.wrapping_sub(used).wrapping_sub(needed - reserved));", "",
    tests="--lib white_box::weighed")

bug("reservation not given back", "limit.sub(unused);", "",
    tests="--lib white_box::weighed")

bug("weight of objects that have left reserved as well", "self.private.reserved.store(0, Relaxed);", "",
    tests="--lib white_box::weighed", soak="")


# shard/private/weights.rs

bug("weights that must have memory", "try_box(", "(|all| Some(Box::new(all)))(",
    tests="--test no_memory growth")

bug("objects above the reservation of a magazine kept", "if fits {", "if true {",
    tests="--lib white_box::weighed")

bug("weights not moved with their objects", "self.sums[i].load(Relaxed).wrapping_sub(weight)", "self.sums[i].load(Relaxed)",
    tests="--lib white_box::weighed")

bug("weights read without acquire", "Acquire", "Relaxed",
    models="weights_of_a_new_magazine")

bug("weights stored without release", "Release", "Relaxed",
    models="weights_of_a_new_magazine")

bug("weights leaked with their shard", "drop(unsafe { Box::from_raw(weights) });", "",
    tests="--test memory weighs")


# shard/shard.rs

bug("shard that must have memory", "try_box(Self::new(id))", "Some(Box::new(Self::new(id)))",
    tests="--test no_memory without_a_shard")

bug("victims taken without acquire", "Acquire", "Relaxed",
    models="flip_against_owner")

bug("count of victims not taken back", "self.shared.aged_len.fetch_sub(aged.len(), Relaxed);", "",
    programs="random::pools")

bug("count of victims overwritten", "fetch_sub(aged.len()", "store(0",
    models="idle_is_exact_at_rest")

bug("chain of a shard that is not open drained", "if !self.open.load(Acquire) { return; }", "",
    models="open_against_shrink")

bug("drain takes the primary chain", ".wrapping_add(1)", "",
    models="flip_against_thief", programs="random::pools", soak="")

bug("quick check overlooks private objects", "self.private.is_empty() &&", "",
    programs="random::pools")

bug("reason of a drop not counted", "counts[reason as usize].add(objects);", "",
    tests="--test it every_drop_has_a_reason")
