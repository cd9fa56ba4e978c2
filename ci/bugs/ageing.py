"""Shards, ageing, collects."""
from .planted import bug

bug("victims published without release", "owner.rs",
    "aged.swap(private.into_raw(), Release)",
    "aged.swap(private.into_raw(), Relaxed)",
    models="flip_against_owner_asymmetric", thread="--lib fences::objects_are")

bug("private objects dropped a generation early", "owner.rs",
    "if missed == 1 {",
    "if missed == 0 {",
    models="flip_against_owner", schedules="collectors", programs="random::pools")

bug("chain of a shard that is not open drained", "shard.rs",
    "        if !self.open.load(Acquire) {\n            return;\n        }\n        gone.append(self.take_aged());",
    "        gone.append(self.take_aged());",
    models="open_against_shrink")

bug("shard open before its generation is known", "owner.rs",
    "self.shard.open.store(true, Release);",
    "self.shard.open.store(true, Relaxed);",
    models="open_against_drain")

bug("units given back twice", "private/units.rs",
    "quota.release(units - all.len());",
    "quota.release(units);",
    models="bound_against_collect", schedules="bound", programs="random::pools", fuzz="pool", soak="")

bug("late seat keeps what is old", "owner.rs",
    "            drain(self.primary(), gone);\n",
    "",
    schedules="stall")

bug("units stay behind a spill", "owner.rs",
    "        if quota.bounded() {\n            // The units go",
    "        if false {\n            // The units go",
    schedules="bound", programs="random::pools")

bug("what is overdue is aged once more", "owner.rs",
    "if missed == 1 {",
    "if missed >= 1 {",
    programs="random::pools")

bug("units of loot given back", "private/units.rs",
    "quota.release(units - new);",
    "quota.release(units);",
    programs="random::pools")

bug("slot not emptied", "private.rs",
    "            private.slot.store(vacant(), Relaxed);\n            slot\n",
    "            slot\n",
    programs="random::pools", fuzz="pool")

bug("magazine loses its top", "private.rs",
    "            private.load.store(top, Relaxed);",
    "            private.load.store(top / 2 * 2, Relaxed);",
    programs="random::pools")

bug("what is taken stays in the slot", "private.rs",
    "            private.slot.store(spare(slot), Relaxed);\n",
    "",
    models="flip_against_values", schedules="collectors", programs="random::pools", fuzz="pool")

bug("cell that is used again stays a spare one", "private.rs",
    "        private.load.store(load + 1 - SPARE, Relaxed);",
    "        private.load.store(load + 1, Relaxed);",
    programs="random::pools", tests="--lib cells_are_conserved")

bug("spare cell lost when put away", "private/spare.rs",
    "(count..count + spares).for_each(|i| self.keep_empty(self.place(i)));",
    "(count + 1..count + spares).for_each(|i| self.keep_empty(self.place(i)));",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cell of the slot lost when put away", "private/spare.rs",
    "            private.slot.store(vacant(), Relaxed);\n            self.keep_empty(cell);\n",
    "            private.slot.store(vacant(), Relaxed);\n            let _ = cell;\n",
    tests="--lib cells_are_conserved", address="--lib white_box::shard::spare_cells_make_way")

bug("spare cells overwritten by a batch", "private/batch.rs",
    "            all.copy_within(from..from + spares, to);\n",
    "",
    programs="random::pools")

bug("spare cell overwritten by one object", "private/batch.rs",
    "        self.set_place(count + spares, self.place(count));\n",
    "",
    programs="random::pools")

bug("spare cells without a bound", "core.rs",
    "let surplus = owner.surplus_empties();",
    "let surplus = None;",
    tests="--lib spare_cells_are_few")

bug("spill that its owner does not know of", "owner.rs",
    "            self.published.set(true);\n            self.shard.published.store(true, Relaxed);\n",
    "            self.published.set(true);\n",
    models="published_against", programs="random::pools", tests="--lib shards_know")

bug("older rings forgotten", "owner.rs",
    "self.shard.published.store(!head.is_alone(), Relaxed);",
    "let _ = head.is_alone();\n            self.shard.published.store(false, Relaxed);",
    models="published_against_thief", tests="--lib shards_know")

bug("own chain looked for in vain for ever", "owner.rs",
    "self.shard.published.store(!head.is_alone(), Relaxed);",
    "let _ = head.is_alone();",
    tests="--lib shards_know")

bug("spill of another generation known", "owner.rs",
    "        self.shard.published.store(false, Relaxed);\n        self.shard.generation",
    "        self.shard.generation",
    tests="--lib shards_know")

bug("unit without a ring lost", "owner.rs",
    "        quota.release(1);\n        // SAFETY: not pushed",
    "        // SAFETY: not pushed",
    tests="--test no_memory growth")

bug("victims taken without acquire", "shard.rs",
    "swap(ptr::null_mut(), Acquire)",
    "swap(ptr::null_mut(), Relaxed)",
    models="flip_against_owner")

bug("wrong generation", "shard.rs",
    "let victim = self.chain(generation.wrapping_add(1));",
    "let victim = self.chain(generation);",
    models="flip_against_thief", programs="random::pools", soak="")

bug("count of victims overwritten", "shard.rs",
    "self.shared.aged_len.fetch_sub(aged.len(), Relaxed);",
    "self.shared.aged_len.store(0, Relaxed);",
    models="idle_is_exact_at_rest")

bug("count of victims not taken back", "shard.rs",
    "        self.shared.aged_len.fetch_sub(aged.len(), Relaxed);\n",
    "",
    programs="random::pools")

bug("flip without a claim", "age.rs",
    "for seat in seats {\n",
    "for seat in seats.chain(0..1) {\n",
    models="flip_against_owner", schedules="collectors", soak="")

bug("private objects left behind", "age.rs",
    "self.shelf.append(owner.take_all(&self.quota));",
    "let _ = &owner;",
    models="vacate_hands_over", schedules="hand_over", programs="random::pools", soak="")

bug("shelf does not age", "age.rs",
    "            self.shelf.age();\n            self.forget",
    "            self.forget",
    schedules="crowd", programs="random::pools")

bug("what is overdue lives on", "age.rs",
    "self.shelf.append_aged(late.objects);",
    "self.shelf.append(late.objects);",
    programs="seeds")

bug("victims without a mark", "age.rs",
    "        if shard.has_aged() {\n            self.map.mark(victims, seat);\n        }\n",
    "        let _ = victims;\n",
    programs="random::pools")

bug("private objects of the dead left behind", "age.rs",
    "                self.catch_up(seat);\n                self.vacate(seat);\n",
    "                self.catch_up(seat);\n",
    tests="--test process forks_at_rest")

bug("half done rings of the dead used", "age.rs",
    "self.shards().for_each(|shard| unsafe { shard.mend() });",
    "",
    tests="--lib white_box::fork")

bug("units of the dead lost", "age.rs",
    "self.quota.recount(self.shards().map(Shard::units).sum::<usize>() + self.shelf.len());",
    "",
    tests="--test process between")

bug("mark lost", "map.rs",
    "        let holds = holds();\n",
    "        let holds = false && holds();\n",
    schedules="theft")

bug("mark before what it is about", "map.rs",
    "word.fetch_or(bit, Release);",
    "word.fetch_or(bit, Relaxed);",
    models="map_seen_is_found")

bug("mark about one of several shards", "core.rs",
    "self.sharing(bit).find_map(&mut visit)",
    "self.sharing(bit).take(1).find_map(&mut visit)",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib those_who_share")

bug("own bit believed in a crowd", "core.rs",
    "            && !self.crowded.load(Relaxed)\n",
    "",
    models="put_is_found_behind_the_own_bit", programs="random::pools", tests="--lib those_who_share")

bug("crowd seen too late", "core.rs",
    "if index >= FIRST_TO_SHARE {",
    "if index > FIRST_TO_SHARE {",
    models="put_is_found_behind_the_own_bit", programs="random::pools")

bug("glance that overlooks victims", "map.rs",
    " | self.word(parity ^ 1).load(Relaxed) == 0",
    " == 0",
    models="put_is_found_as_a_victim", programs="random::pools", tests="--lib nothing_is_overlooked")

bug("glance that overlooks the shelf", "core.rs",
    "            && self.shelf.len() == 0;\n",
    ";\n",
    models="put_is_found_on_the_shelf", programs="random::pools", tests="--lib nothing_is_overlooked")

bug("glance that overlooks what is private", "shard.rs",
    "        self.private.is_empty() && !self.published()\n",
    "        !self.published()\n",
    programs="random::pools")

bug("segment brought near without release", "lazy.rs",
    "near.store(segment, Release);",
    "near.store(segment, Relaxed);",
    models="lazy_near_by_another")

bug("segment that must have memory", "core.rs",
    "try_slice(len, |i| Shard::<T>::new(first + i))?",
    "(0..len).map(|i| Shard::<T>::new(first + i)).collect::<Box<[_]>>()",
    tests="--test no_memory without_a_shard")

bug("late work left undone", "collect.rs",
    "unsafe { pool.catch_up(seat.id) };",
    "let _ = pool;",
    models="late_catch_up")

bug("collect without the registry's lock", "collect.rs",
    "        let registry = Registry::lock();\n        // SAFETY: locked.\n",
    "        let registry = Registry { pools: Registry::lock().pools.clone(), bells: Vec::new() };\n",
    models="lazy_end_against_collect")

bug("entry of a moved pool", "collect.rs",
    "            moved.get().set_entry(entry);\n",
    "            let _ = moved;\n",
    schedules="visits")

bug("collect that must have memory", "collect.rs",
    "if garbage.try_reserve(registry.pools.len()).is_ok() {",
    "garbage.reserve(registry.pools.len());\n            {",
    tests="--test no_memory growth")

bug("postponed garbage lost", "collect.rs",
    "garbage.extend(registry.pools().filter_map(|pool| pool.take_remains()));\n            }",
    "garbage.extend(registry.pools().filter_map(|pool| pool.take_remains()));\n"
        "            } else {\n"
        "                registry.pools().for_each(|pool| std::mem::forget(pool.take_remains()));\n"
        "            }",
    tests="--test no_memory growth")

bug("destructors under the registry's lock", "collect.rs",
    "            garbage\n        }\n    };\n    sweep(garbage);\n",
    "            sweep(garbage);\n        }\n    };\n",
    soak="")
